/* SPDX-License-Identifier: MIT
 *
 * product.h - products of matrices of doubles, on the caller's threads.
 *
 * All matrices are row-major.  A product is cut into tiles of the result,
 * each of which one call of BLAS makes. */
#ifndef CEDM_EVALUATE_PRODUCT_H
#define CEDM_EVALUATE_PRODUCT_H

#include "evaluate/threads.h"

/* out[n][m] = a[n][width] b[m][width]^T: the inner products of all rows.
 * a and b may be the same; out overlaps neither.  Sizes are below 2^31.
 * Cost: 2 n m width operations. */
void evaluate_products(const evaluate_threads *threads, uint64_t n,
                       uint64_t m, uint64_t width, const double *a,
                       const double *b, double *out);

/* sum[width][width] += rows^T rows of rows[count][width]: adds the outer
 * products of the rows, in the tiles of the diagonal and below it; what is
 * above is scratch until evaluate_mirror.
 * Cost: about count width^2 operations. */
void evaluate_add_outer(const evaluate_threads *threads, uint64_t count,
                        uint64_t width, const double *rows, double *sum);

/* Copies what is below the diagonal of a[width][width] above it. */
void evaluate_mirror(uint64_t width, double *a);

#endif
