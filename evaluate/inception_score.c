/* SPDX-License-Identifier: MIT
 *
 * inception_score.c - the inception score. */
#include "evaluate/inception_score.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "runtime/tasks.h"

/* Rows of probabilities that were computed in floats add up to 1 within
 * 1e-5; in halves, within this. */
#define SUM_SLACK 1e-3

typedef struct job {
    const evaluate_selection *rows;
    uint64_t run; /* rows of a split */
    double *work; /* [splits][2][classes]: the mean, a row */
    double *scores;
} job;

static void score_split(void *arg, uint32_t index, uint32_t worker)
{
    job *j = arg;
    uint64_t classes = evaluate_width(j->rows), first = index * j->run;
    double *mean = j->work + index * 2 * classes, *row = mean + classes;
    double n = (double)j->run, divergence = 0;
    (void)worker;
    for (uint64_t i = 0; i < j->run; i++) {
        evaluate_read(j->rows, first + i, 1, row);
        for (uint64_t k = 0; k < classes; k++) {
            mean[k] += row[k] / n;
        }
    }
    for (uint64_t i = 0; i < j->run; i++) {
        evaluate_read(j->rows, first + i, 1, row);
        for (uint64_t k = 0; k < classes; k++) {
            divergence += row[k] > 0 ? row[k] * log(row[k] / mean[k]) : 0;
        }
    }
    j->scores[index] = exp(divergence / n);
}

static bool check_rows(const evaluate_selection *rows, double *row,
                       const char *name, host_failure *f)
{
    uint64_t classes = evaluate_width(rows);
    for (uint64_t i = 0; i < rows->count; i++) {
        double sum = 0, least = 0;
        evaluate_read(rows, i, 1, row);
        for (uint64_t k = 0; k < classes; k++) {
            sum += row[k];
            least = fmin(least, row[k]);
        }
        if (least < 0 || fabs(sum - 1) > SUM_SLACK) {
            return host_fail(f,
                             "%s: row %" PRIu64 " is no distribution; wanted "
                             "probabilities of classes that add up to 1, got "
                             "a sum of %g and a least one of %g; give the "
                             "softmax of the logits",
                             name, i, sum, least);
        }
    }
    return true;
}

bool evaluate_inception_score(const evaluate_selection *rows, uint32_t splits,
                              const evaluate_threads *threads, double *scores,
                              const char *name, host_failure *f)
{
    uint64_t classes = evaluate_width(rows);
    job j = {rows, rows->count / splits, NULL, scores};
    j.work = calloc(splits, 2 * classes * sizeof *j.work);
    if (j.work == NULL) {
        return host_fail(f, "%s: out of memory", name);
    }
    bool good = check_rows(rows, j.work + classes, name, f);
    if (good) {
        cedm_for_each(threads->parallel_for, threads->pool, score_split, &j,
                      splits);
    }
    free(j.work);
    return good;
}
