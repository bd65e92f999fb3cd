/* SPDX-License-Identifier: MIT
 *
 * decomposition.h - eigenvalues, singular values and factors, by
 * LAPACK [LAPACK].  Matrices are row-major. */
#ifndef CEDM_EVALUATE_DECOMPOSITION_H
#define CEDM_EVALUATE_DECOMPOSITION_H

#include <stdint.h>

#include "host/cli/failure.h"

/* Largest n of a symmetric matrix here: the work space of 2 n^2 numbers is
 * counted in int. */
#define EVALUATE_SYMMETRIC_MAX 16384u

/* The eigenvalues of a symmetric a[n][n], ascending, and with
 * `vectors` row i of `a` becomes the unit eigenvector of values[i]; without,
 * `a` is scratch.  Only the diagonal and what is above it are read.
 * Memory: 2 n^2 numbers with vectors, about 3 n without.
 * Cost: about 9 n^3 operations with vectors, 4/3 n^3 without.
 * Errors: no memory, no convergence (not seen in practice). */
bool evaluate_eigen(uint32_t n, double *a, double *values, bool vectors,
                    host_failure *f);

/* The singular values of a[rows][columns], descending: values[min(rows,
 * columns)], which is not 0.  `a` is scratch.  Cost: about 8/3 n^3. */
bool evaluate_singular_values(uint64_t rows, uint64_t columns, double *a,
                              double *values, host_failure *f);

/* Replaces a symmetric a[n][n] by a Cholesky factor F[n][n] with F^T F = a,
 * its columns in another order than a triangle's: pivots are the largest that
 * are left.  *whole is false if one is not above n eps times the largest; then
 * `a` is singular or no covariance, and scratch now.
 * Cost: n^3 / 3 operations. */
bool evaluate_cholesky(uint32_t n, double *a, bool *whole, host_failure *f);

/* Replaces a[rows][width], rows >= width, by its triangular factor of as many
 * rows as columns: the first [width][width] become R, upper triangular with
 * R^T R = a^T a, the others scratch.  Unlike a root of a^T a, R is right up to
 * rounding of `a` itself.  Cost: 2 rows width^2 operations. */
bool evaluate_triangle(uint64_t rows, uint64_t width, double *a,
                       host_failure *f);

#endif
