/* SPDX-License-Identifier: MIT
 *
 * eval_run.h - one run of cedm-eval: what was asked for, what to work with,
 * and the commands. */
#ifndef CEDM_TOOLS_EVAL_EVAL_RUN_H
#define CEDM_TOOLS_EVAL_EVAL_RUN_H

#include <cjson/cJSON.h>

#include "evaluate/threads.h"
#include "host/cli/failure.h"

#define EVAL_FILES_MAX 3

typedef struct eval_settings {
    const char *files[EVAL_FILES_MAX]; /* the command's operands, in order */
    const char *output;
    const char *model; /* of data sets; NULL: none is among the files */
    const char *state; /* a folder, or NULL */
    int progress;      /* host_progress_kind, of their features */
    uint64_t seed, threads, subsets, subset_size, neighbours, splits;
    bool closed, json;
} eval_settings;

typedef struct eval_run {
    const eval_settings *settings;
    const struct eval_state *state; /* NULL: without a model */
    evaluate_threads threads;
    cJSON *results; /* an object of numbers, in the order of printing */
} eval_run;

/* Adds a finite number to the results. */
bool eval_result(eval_run *run, const char *name, double value,
                 host_failure *f);

/* ---- commands: read files, add results ---------------------------------- */

typedef bool eval_command(eval_run *run, host_failure *f);

eval_command eval_fd, eval_fd_infinity;     /* distance.c */
eval_command eval_kid, eval_prdc;           /* samples.c */
eval_command eval_auroc;                    /* detection.c */
eval_command eval_is, eval_vendi, eval_ref; /* one_set.c */

#endif
