/* SPDX-License-Identifier: MIT
 *
 * one_set.c - cedm-eval is, vendi and ref. */
#include <stdlib.h>

#include "evaluate/inception_score.h"
#include "evaluate/spread.h"
#include "evaluate/vendi.h"
#include "tools/eval/eval_input.h"
#include "tools/eval/eval_run.h"

bool eval_is(eval_run *run, host_failure *f)
{
    uint32_t splits = (uint32_t)run->settings->splits;
    eval_features x;
    double *scores = calloc(splits, sizeof *scores);
    bool good = eval_probabilities_open(&x, run, 0, splits, f) &&
                (scores != NULL || host_fail(f, "out of memory")) &&
                evaluate_inception_score(&x.rows, splits, &run->threads,
                                         scores, x.path, f);
    if (good) {
        evaluate_spread spread = evaluate_spread_of(scores, splits);
        good = eval_result(run, "is", spread.mean, f) &&
               eval_result(run, "is_std", spread.deviation, f);
    }
    free(scores);
    eval_features_close(&x);
    return good;
}

bool eval_vendi(eval_run *run, host_failure *f)
{
    eval_features x;
    double score = 0;
    bool good = eval_features_open(&x, run, 0, 1, f) &&
                evaluate_vendi(&x.rows, &run->threads, &score, x.path, f) &&
                eval_result(run, "vendi", score, f);
    eval_features_close(&x);
    return good;
}

bool eval_ref(eval_run *run, host_failure *f)
{
    eval_features x;
    evaluate_statistics s = {.width = 0};
    bool good = eval_features_open(&x, run, 0, 2, f) &&
                evaluate_statistics_of_rows(&s, &x.rows, &run->threads, f) &&
                evaluate_statistics_write(&s, run->settings->output, f) &&
                eval_result(run, "rows", (double)x.rows.count, f) &&
                eval_result(run, "features", s.width, f);
    evaluate_statistics_free(&s);
    eval_features_close(&x);
    return good;
}
