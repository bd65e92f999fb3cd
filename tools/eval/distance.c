/* SPDX-License-Identifier: MIT
 *
 * distance.c - cedm-eval fd and fd-infinity. */
#include <stdlib.h>

#include "evaluate/frechet.h"
#include "tools/eval/eval_input.h"
#include "tools/eval/eval_run.h"

bool eval_fd(eval_run *run, host_failure *f)
{
    const char *const *path = run->settings->files;
    evaluate_gaussian a, b = {.rank = 0};
    double distance = 0;
    bool good = eval_gaussian_open(&a, run, 0, f) &&
                eval_gaussian_open(&b, run, 1, f) &&
                eval_same_width(a.width, path[0], b.width, path[1], f) &&
                evaluate_frechet(&a, &b, &run->threads, &distance, f) &&
                eval_result(run, "fd", distance, f);
    evaluate_gaussian_free(&a);
    evaluate_gaussian_free(&b);
    return good;
}

/* Of a random subset of the rows: draw number `draw` of the seed. */
static bool subset_distance(const eval_run *run,
                            const evaluate_gaussian *real,
                            const eval_features *x, uint64_t size,
                            uint32_t draw, uint64_t *index, double *distance,
                            host_failure *f)
{
    evaluate_selection subset = {&x->npy.array, index, size};
    evaluate_gaussian g;
    evaluate_choose((uint32_t)run->settings->seed, draw, x->rows.count, size,
                    index);
    bool good =
        evaluate_gaussian_of_rows(&g, &subset, &run->threads, x->path, f) &&
        evaluate_frechet(real, &g, &run->threads, distance, f);
    evaluate_gaussian_free(&g);
    return good;
}

static bool extrapolate(eval_run *run, const evaluate_gaussian *real,
                        const eval_features *x, host_failure *f)
{
    uint64_t sizes[EVALUATE_LINE_SIZES];
    double distances[EVALUATE_LINE_SIZES];
    uint64_t *index = calloc(x->rows.count, sizeof *index);
    bool good = index != NULL || host_fail(f, "%s: out of memory", x->path);
    evaluate_line_sizes(x->rows.count, sizes);
    for (uint32_t i = 0; good && i < EVALUATE_LINE_SIZES; i++) {
        good = subset_distance(run, real, x, sizes[i], i, index,
                               &distances[i], f);
    }
    free(index);
    if (!good) {
        return false;
    }
    evaluate_line line =
        evaluate_fit_line(sizes, distances, EVALUATE_LINE_SIZES);
    return eval_result(run, "fd_infinity", line.intercept, f) &&
           eval_result(run, "slope", line.slope, f);
}

bool eval_fd_infinity(eval_run *run, host_failure *f)
{
    const char *const *path = run->settings->files;
    evaluate_gaussian real;
    eval_features x = {.path = NULL};
    bool good = eval_gaussian_open(&real, run, 0, f) &&
                eval_features_open(&x, run, 1, 20, f) &&
                eval_same_width(real.width, path[0], evaluate_width(&x.rows),
                                path[1], f) &&
                extrapolate(run, &real, &x, f);
    evaluate_gaussian_free(&real);
    eval_features_close(&x);
    return good;
}
