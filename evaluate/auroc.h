/* SPDX-License-Identifier: MIT
 *
 * auroc.h - how well the nearest training image tells images of the same
 * distribution from others: AUROC and FPR95 [FAWCETT] of its cosine
 * similarity. */
#ifndef CEDM_EVALUATE_AUROC_H
#define CEDM_EVALUATE_AUROC_H

#include "evaluate/selection.h"
#include "evaluate/threads.h"

/* The largest cosine similarity of every row of `rows` to any row of `train`,
 * to scores[rows->count]: -1..1 up to rounding, and 0 with a row of zeros.
 * Memory: a tile (row_tile.h) for each worker.
 * Cost: 2 rows train width operations. */
bool evaluate_nearest_cosine(const evaluate_selection *train,
                             const evaluate_selection *rows,
                             const evaluate_threads *threads, double *scores,
                             host_failure *f);

typedef struct evaluate_auroc_result {
    double auroc; /* chance that a positive has the higher score; ties half */
    double fpr95; /* share of negatives let through with 95 % of positives */
} evaluate_auroc_result;

/* Of finite scores of positives and negatives, at least one each.  Both are
 * sorted in place.  FPR95 is read from the straight lines between the points
 * of the ROC curve, which begins at (0, 0).
 * Cost: n log n. */
evaluate_auroc_result evaluate_auroc(double *positive, uint64_t positives,
                                     double *negative, uint64_t negatives);

#endif
