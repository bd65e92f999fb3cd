/* SPDX-License-Identifier: MIT
 *
 * vector_kernels.h - the loops in which clustering spends its time, once for
 * every instruction set.
 *
 * Matrices that are multiplied by are packed: their columns lie in panels of
 * CLUSTER_PANEL neighbours, [panel][k][CLUSTER_PANEL], columns that do not
 * exist being zero.  Every sum of products is one chain over k in ascending
 * order, so a result depends neither on what was computed beside it nor on
 * threads.  Instruction sets round each product and sum once (a fused
 * multiply-add) and give the same bits; the portable kernels round twice. */
#ifndef CEDM_CLUSTER_VECTOR_KERNELS_H
#define CEDM_CLUSTER_VECTOR_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#define CLUSTER_PANEL 16u

/* For rows i and columns c of panels p:
 *
 *   out[i][p][c] = init[i][p][c] + sum_k a[i][k] b[p][k][c]
 *
 * a[i] begins at a + i * a_row and is `runs` runs of `length` floats, a_run
 * apart, so that k < runs * length.  Panels of b are b_panel floats apart, 0
 * meaning that they are dense; rows and panels of init and out are their _row
 * and _panel floats apart, which may be 0 in init.  NULL as init means zeros;
 * init may be out, in the same order.  Strides between rows are below 2^24
 * floats. */
typedef struct cluster_product {
    const float *a;
    size_t a_row, a_run;
    uint32_t runs, length;
    const float *b;
    size_t b_panel;
    uint32_t panels;
    const float *init;
    size_t init_row, init_panel;
    float *out;
    size_t out_row, out_panel;
} cluster_product;

/* What an update takes: m and v are averages of gradients and their squares
 * with factors 0.9 and 0.999, epsilon is 1e-8. */
typedef struct cluster_adam {
    float step;    /* lr / (1 - 0.9^t) */
    float inverse; /* 1 / sqrt(1 - 0.999^t) */
    float keep;    /* 1 - lr * decay: what a parameter is multiplied by */
    float average; /* share of the moving average that stays */
} cluster_adam;

/* X(result, name, arguments); panels are 16 values each, neighbours.
 *
 * multiply  a product; see above
 * largest   out[p] is the largest value + bias of panel p, none being NaN;
 *           without bias (NULL) the largest value
 * squares   out[c] is the sum of the squares of column c of a panel, its
 *           product with itself to the last bit
 * gelu      out = u Phi(u), Phi being the normal distribution [GELU], within
 *           5e-7; n is a multiple of 16 in this and the next
 * gelu_grad grad *= d gelu(u) / du, within 1e-6 of it
 * softmax   q = softmax(scale * logits) and log_q its logarithm; a logit of
 *           minus infinity is a class that does not exist, with q = 0
 * overlap   the sum of a[c] b[c]
 * mutual    r[c] = (q[c] t[c])^beta * inverse[c], of logarithms of q and t;
 *           returns their sum
 * adam      an update of n parameters, a multiple of 16, by [ADAMW], and of
 *           their moving average; see cluster_adam */
#define CLUSTER_KERNEL_LIST(X)                                               \
    X(void, multiply, (const cluster_product *product, uint32_t rows))       \
    X(void, largest,                                                         \
      (const float *values, const float *bias, uint32_t panels, float *out)) \
    X(void, squares, (const float *panel, uint32_t k, float *out))           \
    X(void, gelu, (const float *u, float *out, size_t n))                    \
    X(void, gelu_grad, (const float *u, float *grad, size_t n))              \
    X(void, softmax,                                                         \
      (const float *logits, float scale, uint32_t panels, float *q,          \
       float *log_q))                                                        \
    X(float, overlap, (const float *a, const float *b, uint32_t panels))     \
    X(float, mutual,                                                         \
      (const float *log_q, const float *log_t, float beta,                   \
       const float *inverse, uint32_t panels, float *r))                     \
    X(void, adam,                                                            \
      (const cluster_adam *update, const float *grads, float *params,        \
       float *m, float *v, float *average, size_t n))

typedef struct cluster_kernels {
    const char *name; /* "portable", "avx2", ... */
#define CLUSTER_KERNEL_MEMBER(result, name, arguments)                       \
    result(*name) arguments;
    CLUSTER_KERNEL_LIST(CLUSTER_KERNEL_MEMBER)
#undef CLUSTER_KERNEL_MEMBER
} cluster_kernels;

/* The fastest kernels among the instruction sets in `mask` (of enum cedm_isa)
 * that this processor has; the portable ones for 0. */
const cluster_kernels *cluster_kernels_for(uint32_t mask);

#endif
