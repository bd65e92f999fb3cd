/* SPDX-License-Identifier: MIT
 *
 * frechet.h - the Frechet distance of two sets of features: FID [FID] where
 * they are Inception's, FDD [DGM] where they are DINOv2's. */
#ifndef CEDM_EVALUATE_FRECHET_H
#define CEDM_EVALUATE_FRECHET_H

#include "evaluate/gaussian.h"

/* |mean_a - mean_b|^2 + tr S_a + tr S_b - 2 tr sqrt(S_a S_b).
 *
 * With S = F^T F the last trace is the sum of the singular values of
 * F_a F_b^T, which needs no root of a matrix that has none, and is exact
 * where the covariances are singular.  Of two equal Gaussians the distance
 * is 0 up to rounding of the traces; it is never negative.
 *
 * a and b have the same width.  Memory: rank_a rank_b doubles.  Cost: their
 * product, 2 rank_a rank_b width operations on the threads, and its singular
 * values, 8/3 rank^3 on one.  Errors: no memory; *distance is 0 then. */
bool evaluate_frechet(const evaluate_gaussian *a, const evaluate_gaussian *b,
                      const evaluate_threads *threads, double *distance,
                      host_failure *f);

/* ---- without the bias of few samples ------------------------------------ */

/* The distance of n samples is about d + slope / n.  The line is fitted to
 * the distances of subsets of several sizes, and d is where it meets an
 * infinite number [FDINF]. */
typedef struct evaluate_line {
    double intercept, slope;
} evaluate_line;

/* Least squares of y on 1 / n; at least two of the n differ.  [count] each. */
evaluate_line evaluate_fit_line(const uint64_t *n, const double *y,
                                uint32_t count);

#define EVALUATE_LINE_SIZES 15u

/* The usual sizes of the subsets of `total` samples, as [DGM] has them: 15,
 * evenly from min(5000, max(total / 10, 2)) to total, rounded down. */
void evaluate_line_sizes(uint64_t total, uint64_t sizes[EVALUATE_LINE_SIZES]);

#endif
