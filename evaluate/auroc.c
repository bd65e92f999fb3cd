/* SPDX-License-Identifier: MIT
 *
 * auroc.c - the nearest training image as a detector. */
#include "evaluate/auroc.h"

#include <math.h>
#include <stdlib.h>

#include "evaluate/row_tile.h"
#include "runtime/tasks.h"

/* ---- scores ------------------------------------------------------------- */

typedef struct job {
    const evaluate_selection *train, *rows;
    evaluate_tile *tiles; /* [workers] */
    double *scores;
} job;

static void find_nearest(void *arg, uint32_t index, uint32_t worker)
{
    job *j = arg;
    evaluate_tile *t = &j->tiles[worker];
    double *scores = j->scores + (uint64_t)index * EVALUATE_TILE;
    evaluate_tile_left(t, j->rows, (uint64_t)index * EVALUATE_TILE);
    for (uint32_t i = 0; i < t->left_rows; i++) {
        scores[i] = -1;
    }
    for (uint64_t o = 0; o < j->train->count; o += EVALUATE_TILE) {
        evaluate_tile_right(t, j->train, o);
        for (uint32_t i = 0; i < t->left_rows; i++) {
            for (uint32_t k = 0; k < t->right_rows; k++) {
                scores[i] =
                    fmax(scores[i], t->products[i * EVALUATE_TILE + k]);
            }
        }
    }
}

bool evaluate_nearest_cosine(const evaluate_selection *train,
                             const evaluate_selection *rows,
                             const evaluate_threads *threads, double *scores,
                             host_failure *f)
{
    job j = {train, rows, NULL, scores};
    j.tiles =
        evaluate_tiles_new(threads->workers, evaluate_width(rows), true, f);
    if (j.tiles == NULL) {
        return false;
    }
    cedm_for_each(threads->parallel_for, threads->pool, find_nearest, &j,
                  evaluate_blocks(rows->count));
    evaluate_tiles_free(j.tiles, threads->workers);
    return true;
}

/* ---- the curve ---------------------------------------------------------- */

static int descending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* How many of the sorted scores, from `at` on, are not below a threshold. */
static uint64_t pass(const double *scores, uint64_t at, uint64_t count,
                     double threshold)
{
    while (at < count && scores[at] >= threshold) {
        at++;
    }
    return at;
}

/* Walks along the curve from the highest threshold to the lowest. */
evaluate_auroc_result evaluate_auroc(double *positive, uint64_t positives,
                                     double *negative, uint64_t negatives)
{
    qsort(positive, positives, sizeof *positive, descending);
    qsort(negative, negatives, sizeof *negative, descending);
    double area = 0, fpr95 = -1, tpr = 0, fpr = 0;
    for (uint64_t p = 0, n = 0; p < positives || n < negatives;) {
        double threshold = p == positives   ? negative[n]
                           : n == negatives ? positive[p]
                                            : fmax(positive[p], negative[n]);
        p = pass(positive, p, positives, threshold);
        n = pass(negative, n, negatives, threshold);
        double next_tpr = (double)p / (double)positives;
        double next_fpr = (double)n / (double)negatives;
        area += (next_fpr - fpr) * (next_tpr + tpr) / 2;
        if (fpr95 < 0 && next_tpr >= 0.95) {
            fpr95 = fpr + (next_fpr - fpr) * (0.95 - tpr) / (next_tpr - tpr);
        }
        tpr = next_tpr;
        fpr = next_fpr;
    }
    return (evaluate_auroc_result){area, fpr95};
}
