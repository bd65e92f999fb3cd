/* SPDX-License-Identifier: MIT
 *
 * samples.c - cedm-eval kid and prdc. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate/kid.h"
#include "evaluate/prdc.h"
#include "evaluate/spread.h"
#include "tools/eval/eval_input.h"
#include "tools/eval/eval_run.h"

static bool open_pair(eval_features x[2], const eval_run *run, uint64_t least,
                      host_failure *f)
{
    const char *const *path = run->settings->files;
    x[0] = x[1] = (eval_features){.path = NULL};
    return eval_features_open(&x[0], run, 0, least, f) &&
           eval_features_open(&x[1], run, 1, least, f) &&
           eval_same_width(evaluate_width(&x[0].rows), path[0],
                           evaluate_width(&x[1].rows), path[1], f);
}

static void close_pair(eval_features x[2])
{
    eval_features_close(&x[0]);
    eval_features_close(&x[1]);
}

/* ---- kid ---------------------------------------------------------------- */

typedef struct subsets {
    uint64_t *index; /* [count][size]; NULL: the whole set each time */
    evaluate_selection *rows; /* [count] */
} subsets;

/* Subset s of side 0 (real) or 1 (generated) is draw 2 s + side. */
static bool draw_subsets(subsets *s, const eval_run *run,
                         const eval_features *x, uint32_t side,
                         uint32_t count, host_failure *f)
{
    uint64_t size = run->settings->subset_size, total = x->rows.count;
    uint64_t *all = calloc(total, sizeof *all);
    s->rows = calloc(count, sizeof *s->rows);
    s->index = calloc(count, size * sizeof *s->index);
    bool good = (all != NULL && s->rows != NULL && s->index != NULL) ||
                host_fail(f, "%s: out of memory for subsets", x->path);
    for (uint32_t i = 0; good && i < count; i++) {
        s->rows[i] = x->rows;
        if (total > size) {
            evaluate_choose((uint32_t)run->settings->seed, 2 * i + side,
                            total, size, all);
            memcpy(s->index + i * size, all, size * sizeof *all);
            s->rows[i] = (evaluate_selection){&x->npy.array,
                                              s->index + i * size, size};
        }
    }
    free(all);
    return good;
}

static bool estimate(eval_run *run, const eval_features x[2], host_failure *f)
{
    uint64_t size = run->settings->subset_size;
    bool whole = x[0].rows.count <= size && x[1].rows.count <= size;
    uint32_t count = whole ? 1 : (uint32_t)run->settings->subsets;
    subsets s[2] = {{NULL, NULL}, {NULL, NULL}};
    double *estimates = calloc(count, sizeof *estimates);
    bool good = (estimates != NULL || host_fail(f, "out of memory")) &&
                draw_subsets(&s[0], run, &x[0], 0, count, f) &&
                draw_subsets(&s[1], run, &x[1], 1, count, f) &&
                evaluate_kid(s[0].rows, s[1].rows, count, &run->threads,
                             estimates, f);
    if (good) {
        evaluate_spread spread = evaluate_spread_of(estimates, count);
        good = eval_result(run, "kid", spread.mean, f) &&
               eval_result(run, "kid_std", spread.deviation, f);
    }
    for (int i = 0; i < 2; i++) {
        free(s[i].index);
        free(s[i].rows);
    }
    free(estimates);
    return good;
}

bool eval_kid(eval_run *run, host_failure *f)
{
    eval_features x[2];
    bool good = open_pair(x, run, 2, f) && estimate(run, x, f);
    close_pair(x);
    return good;
}

/* ---- prdc --------------------------------------------------------------- */

bool eval_prdc(eval_run *run, host_failure *f)
{
    eval_features x[2];
    evaluate_prdc_config config = {(uint32_t)run->settings->neighbours,
                                   run->settings->closed};
    evaluate_prdc_result r;
    bool good = open_pair(x, run, run->settings->neighbours + 1, f) &&
                evaluate_prdc(&x[0].rows, &x[1].rows, &config, &run->threads,
                              &r, f) &&
                eval_result(run, "precision", r.precision, f) &&
                eval_result(run, "recall", r.recall, f) &&
                eval_result(run, "density", r.density, f) &&
                eval_result(run, "coverage", r.coverage, f);
    close_pair(x);
    return good;
}
