/* SPDX-License-Identifier: MIT
 *
 * eval_input.h - features and statistics from what a command names: files
 * of them, or data sets. */
#ifndef CEDM_TOOLS_EVAL_EVAL_INPUT_H
#define CEDM_TOOLS_EVAL_EVAL_INPUT_H

#include "evaluate/gaussian.h"
#include "tools/eval/eval_images.h"

typedef struct eval_features {
    const char *path;
    host_npy npy;
    evaluate_selection rows; /* all of them */
} eval_features;

/* Whether, with a model, an operand is a data set: whatever is not called
 * .npy or .npz. */
bool eval_is_images(const char *path);

/* Opens features (.npy), or makes those of a data set, of at least `least`
 * rows, checked as evaluate_check_features does.  Close it on error, too. */
bool eval_features_open(eval_features *x, const eval_run *run, int operand,
                        uint64_t least, host_failure *f);
/* The same of probabilities. */
bool eval_probabilities_open(eval_features *x, const eval_run *run,
                             int operand, uint64_t least, host_failure *f);
void eval_features_close(eval_features *x); /* harmless on a zeroed one */

/* Whether two files have as many features for each image. */
bool eval_same_width(uint64_t a, const char *path_a, uint64_t b,
                     const char *path_b, host_failure *f);

/* The normal distribution of a data set or a file: statistics (.npz) or
 * features (.npy), whichever its first bytes say. */
bool eval_gaussian_open(evaluate_gaussian *g, const eval_run *run,
                        int operand, host_failure *f);

#endif
