/* SPDX-License-Identifier: MIT
 *
 * vector_kernels.h - the loops in which clustering spends its time, once for every
 * instruction set.
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
 * apart, so that k < runs * length; b is dense.  Rows and panels of init and
 * out are their _row and _panel floats apart, which may be 0 in init.  NULL
 * as init means zeros; init may be out, in the same order.  Strides between
 * rows are below 2^24 floats. */
typedef struct cluster_product {
    const float *a;
    size_t a_row, a_run;
    uint32_t runs, length;
    const float *b;
    uint32_t panels;
    const float *init;
    size_t init_row, init_panel;
    float *out;
    size_t out_row, out_panel;
} cluster_product;

/* X(name, arguments)
 *
 * multiply  a product; see above
 * largest   out[p] is the largest of the 16 values of panel p; values are not
 *           NaN
 * squares   out[c] is the sum of the squares of column c of a panel, its
 *           product with itself to the last bit */
#define CLUSTER_KERNEL_LIST(X)                                               \
    X(multiply, (const cluster_product *product, uint32_t rows))             \
    X(largest, (const float *values, uint32_t panels, float *out))           \
    X(squares, (const float *panel, uint32_t k, float *out))

typedef struct cluster_kernels {
    const char *name; /* "portable", "avx2", ... */
#define CLUSTER_KERNEL_MEMBER(name, arguments) void(*name) arguments;
    CLUSTER_KERNEL_LIST(CLUSTER_KERNEL_MEMBER)
#undef CLUSTER_KERNEL_MEMBER
} cluster_kernels;

/* The fastest kernels among the instruction sets in `mask` (of enum cedm_isa)
 * that this processor has; the portable ones for 0. */
const cluster_kernels *cluster_kernels_for(uint32_t mask);

#endif
