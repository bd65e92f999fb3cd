/* SPDX-License-Identifier: MIT
 *
 * detection.c - cedm-eval auroc. */
#include <stdlib.h>

#include "evaluate/auroc.h"
#include "tools/eval/eval_input.h"
#include "tools/eval/eval_run.h"

/* The scores of a set, to be freed; NULL on error. */
static double *scores_of(const eval_run *run, const eval_features *train,
                         const eval_features *x, host_failure *f)
{
    double *scores = calloc(x->rows.count, sizeof *scores);
    if (scores == NULL) {
        (void)host_fail(f, "%s: out of memory for scores", x->path);
        return NULL;
    }
    if (!eval_same_width(evaluate_width(&train->rows), train->path,
                         evaluate_width(&x->rows), x->path, f) ||
        !evaluate_nearest_cosine(&train->rows, &x->rows, &run->threads,
                                 scores, f)) {
        free(scores);
        return NULL;
    }
    return scores;
}

static bool detect(eval_run *run, const eval_features x[3], host_failure *f)
{
    double *in = scores_of(run, &x[0], &x[1], f);
    double *out = in != NULL ? scores_of(run, &x[0], &x[2], f) : NULL;
    bool good = out != NULL;
    if (good) {
        evaluate_auroc_result r =
            evaluate_auroc(in, x[1].rows.count, out, x[2].rows.count);
        good = eval_result(run, "auroc", r.auroc, f) &&
               eval_result(run, "fpr95", r.fpr95, f);
    }
    free(in);
    free(out);
    return good;
}

bool eval_auroc(eval_run *run, host_failure *f)
{
    eval_features x[3] = {{.path = NULL}, {.path = NULL}, {.path = NULL}};
    bool good = true;
    for (int i = 0; good && i < 3; i++) {
        good = eval_features_open(&x[i], run, i, 1, f);
    }
    good = good && detect(run, x, f);
    for (int i = 0; i < 3; i++) {
        eval_features_close(&x[i]);
    }
    return good;
}
