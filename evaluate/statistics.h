/* SPDX-License-Identifier: MIT
 *
 * statistics.h - mean and covariance of features, from rows as they come and
 * in files.
 *
 * The files are those of EDM and of the usual FID programs: an archive .npz
 * [NPY] with mu [width] and sigma [width][width] in float64. */
#ifndef CEDM_EVALUATE_STATISTICS_H
#define CEDM_EVALUATE_STATISTICS_H

#include "evaluate/selection.h"
#include "evaluate/threads.h"

typedef struct evaluate_statistics {
    uint32_t width;
    double *mean;       /* [width] */
    double *covariance; /* [width][width], unbiased: divided by N - 1 */
} evaluate_statistics;

/* Harmless on a zeroed or freed one. */
void evaluate_statistics_free(evaluate_statistics *s);

/* ---- sums over rows ----------------------------------------------------- */

/* Sums of rows and of their outer products.  They are taken about a point
 * near the mean (that of the first rows) so that nothing cancels [CHAN], and
 * in blocks of a fixed number of rows: the bits depend on the rows and their
 * order, not on how they are handed over.
 * Memory: width^2 + 514 width doubles, whatever the number of rows. */
typedef struct evaluate_moments evaluate_moments;

/* width is 1 .. EVALUATE_SYMMETRIC_MAX.  *threads is copied; its pool must
 * live as long.  NULL on error. */
evaluate_moments *evaluate_moments_new(uint64_t width,
                                       const evaluate_threads *threads,
                                       host_failure *f);
void evaluate_moments_free(evaluate_moments *m); /* NULL is allowed */

/* Adds rows of that width.  Cost: about width^2 operations for each. */
void evaluate_moments_add(evaluate_moments *m,
                          const evaluate_selection *rows);

/* Makes *s of at least two rows and frees the sums, on error too. */
bool evaluate_moments_end(evaluate_moments *m, evaluate_statistics *s,
                          host_failure *f);

/* All of that for rows that are at hand. */
bool evaluate_statistics_of_rows(evaluate_statistics *s,
                                 const evaluate_selection *rows,
                                 const evaluate_threads *threads,
                                 host_failure *f);

/* ---- files -------------------------------------------------------------- */

/* Reads entries mu.npy and sigma.npy, stored or deflated, of floats or
 * doubles; others may be there.  sigma must be finite, symmetric, and no
 * entry larger than the diagonal allows.  No more memory is taken than the
 * file justifies.  On error *s is zeroed. */
bool evaluate_statistics_read(evaluate_statistics *s, const char *path,
                              host_failure *f);

/* Writes such a file, stored as numpy.savez does, whole or not at all: same
 * statistics, same bytes. */
bool evaluate_statistics_write(const evaluate_statistics *s, const char *path,
                               host_failure *f);

#endif
