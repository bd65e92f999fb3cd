/* SPDX-License-Identifier: MIT
 *
 * nearest.h - the nearest of a set of centres, by products.
 *
 * The nearest centre c of a row x has the largest score 2 x.c - |c|^2, which
 * is |x|^2 - |x - c|^2; the lowest index wins among equals. */
#ifndef CEDM_CLUSTER_NEAREST_H
#define CEDM_CLUSTER_NEAREST_H

#include "cluster/feature_rows.h"

/* Centres packed for products. */
typedef struct cluster_centres {
    uint32_t count, width;
    float *packed; /* 2 c */
    float *bias;   /* -|c|^2; columns that do not exist: minus infinity */
    float largest; /* at least every |c| */
} cluster_centres;

bool cluster_centres_open(cluster_centres *c, uint32_t count, uint32_t width,
                          host_failure *f);
void cluster_centres_close(cluster_centres *c); /* also a zeroed one */

/* Takes over centres [count][width]. */
void cluster_centres_set(cluster_centres *c, const float *centres,
                         const cluster_workers *w);

/* The two best scores of a row.  Scores of a row x are off by at most
 * cluster_score_error. */
typedef struct cluster_nearest {
    uint32_t index;
    float score;  /* of index */
    float second; /* of the best other centre; -INFINITY if there is none */
} cluster_nearest;

/* For rows x, [n][width].  `scratch` holds cluster_nearest_scratch(n)
 * floats. */
size_t cluster_nearest_scratch(uint32_t n);
void cluster_nearest_find(const cluster_centres *c,
                          const cluster_kernels *kernels, const float *x,
                          uint32_t n, float *scratch, cluster_nearest *out);

/* A bound of the rounding errors in a score and in |x|^2, `size` being |x|:
 * a chain of n terms, each rounded twice at most, is off by 2 n u times the
 * sum of their sizes. */
float cluster_score_error(const cluster_centres *c, float size);

/* The nearest centre of every row, [count]. */
bool cluster_assign_nearest(const cluster_rows *rows, const float *centres,
                            uint32_t count, const cluster_workers *w,
                            int32_t *labels, host_failure *f);

#endif
