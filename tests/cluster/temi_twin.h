/* SPDX-License-Identifier: MIT
 *
 * temi_twin.h - TEMI in double precision, written from its formulas: what
 * the fast code is compared with, itself compared with golden files. */
#ifndef CEDM_TEST_CLUSTER_TEMI_TWIN_H
#define CEDM_TEST_CLUSTER_TEMI_TWIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- losses ------------------------------------------------------------- */

typedef enum twin_loss { TWIN_TEMI, TWIN_PMI, TWIN_WMI, TWIN_SCAN } twin_loss;

/* Sizes: heads, pairs, clusters. */
typedef struct twin_batch {
    uint32_t H, B, C;
    twin_loss loss;
    double beta, temperature;
    bool positive;
    const double *student, *teacher; /* logits [H][2B][C] */
    double *marginal;                /* [H][C], updated */
    double *weights;                 /* [B], or NULL; of TEMI */
    double *losses;                  /* [H] */
    double *grad;                    /* [H][2B][C], or NULL: of their mean */
} twin_batch;

void twin_losses(twin_batch *b);

/* ---- heads -------------------------------------------------------------- */

typedef struct twin_shape {
    uint32_t width, hidden, bottleneck, clusters;
} twin_shape;

/* Tensors in the order of CLUSTER_HEAD_TENSORS, row by row, one after the
 * other. */
enum { TWIN_W1, TWIN_B1, TWIN_W2, TWIN_B2, TWIN_V, TWIN_G, TWIN_TENSORS };

typedef struct twin_places {
    size_t at[TWIN_TENSORS + 1];
} twin_places;

twin_places twin_places_of(twin_shape s);

/* Logits [rows][clusters] of x [rows][width]. */
void twin_forward(twin_shape s, const double *head, const double *x,
                  size_t rows, double *logits);

/* grad [head's size] = the derivatives of sum(d_logits * logits). */
void twin_backward(twin_shape s, const double *head, const double *x,
                   size_t rows, const double *d_logits, double *grad);

/* ---- updates ------------------------------------------------------------ */

/* One element by AdamW, update number t. */
void twin_adam(double *p, double *m, double *v, double grad, double rate,
               double decay, uint32_t t);

#endif
