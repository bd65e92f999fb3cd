/* SPDX-License-Identifier: MIT
 *
 * kid.h - the kernel distance of two sets of features [KID]: the squared
 * maximum mean discrepancy for the kernel k(x, y) = (x . y / width + 1)^3. */
#ifndef CEDM_EVALUATE_KID_H
#define CEDM_EVALUATE_KID_H

#include "evaluate/selection.h"
#include "evaluate/threads.h"

/* For each of `count` pairs of selections x[i], y[i] of two rows and more,
 * all of one width, the unbiased estimate
 *
 *     sum of k(x, x') over x != x' / (n (n - 1))
 *     + the same for y - 2 mean of k(x, y),
 *
 * which may be negative, to estimates[count].
 * Memory: a tile (row_tile.h) for each worker.  Cost: (n^2 + m^2 + 2 n m) width
 * operations for each pair.  Errors: no memory. */
bool evaluate_kid(const evaluate_selection *x, const evaluate_selection *y,
                  uint32_t count, const evaluate_threads *threads,
                  double *estimates, host_failure *f);

#endif
