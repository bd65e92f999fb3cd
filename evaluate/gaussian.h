/* SPDX-License-Identifier: MIT
 *
 * gaussian.h - the normal distribution with the mean and the covariance of
 * some features, which is what the Frechet distance compares.
 *
 * The covariance is held as a factor F[rank][width] with F^T F = covariance:
 * no root of a matrix is needed then, and a singular covariance is as exact
 * as another. */
#ifndef CEDM_EVALUATE_GAUSSIAN_H
#define CEDM_EVALUATE_GAUSSIAN_H

#include "evaluate/statistics.h"

typedef struct evaluate_gaussian {
    uint64_t width, rank;
    double *mean;   /* [width] */
    double trace;   /* of the covariance */
    double *factor; /* [rank][width] */
} evaluate_gaussian;

/* From a mean and a covariance, which stay as they are.  The factor is that
 * of Cholesky with pivots.  Of a covariance that is singular up to rounding it
 * is eigenvectors times the roots of their eigenvalues: what is below width
 * eps times the largest eigenvalue is rounding of a zero and left out;
 * eigenvalues below -1e-4 times the largest are an error.
 * Memory: the factor, width^2 doubles; of a singular one twice as much more
 * meanwhile.  Cost: width^3 / 3 operations; of a singular one 9 width^3.
 * `name` stands in messages; *g is zeroed on error. */
bool evaluate_gaussian_of_statistics(evaluate_gaussian *g,
                                     const evaluate_statistics *s,
                                     const char *name, host_failure *f);

/* From at least two rows of features.  With fewer rows than features the
 * factor is the centred rows over sqrt(count - 1), and no covariance is made.
 * Otherwise it comes from their statistics as above.  If that covariance is
 * singular up to rounding, its small eigenvalues say nothing any more, though
 * the rows still do: then the factor is the triangle of the centred rows.
 * Cost: width^2 operations for each row, twice more in the last case. */
bool evaluate_gaussian_of_rows(evaluate_gaussian *g,
                               const evaluate_selection *rows,
                               const evaluate_threads *threads,
                               const char *name, host_failure *f);

/* Harmless on a zeroed or freed one. */
void evaluate_gaussian_free(evaluate_gaussian *g);

#endif
