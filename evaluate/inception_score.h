/* SPDX-License-Identifier: MIT
 *
 * inception_score.h - the inception score [SALIMANS]: how sure a classifier is
 * of each image, and how many classes there are among them. */
#ifndef CEDM_EVALUATE_INCEPTION_SCORE_H
#define CEDM_EVALUATE_INCEPTION_SCORE_H

#include "evaluate/selection.h"
#include "evaluate/threads.h"

/* rows: class probabilities p(y|x) of every image, each row 0 and more with a
 * sum of 1 up to 1e-3.  The first splits (count / splits) rows are cut into
 * `splits` runs of equal length, in order; to scores[splits] goes
 * exp(mean of KL(p(y|x) || p(y))) of each, p(y) being the run's mean.
 * 1 <= splits <= count.  Memory: 2 rows for each split.
 * Errors: no memory, a row that is no distribution; `name` stands there. */
bool evaluate_inception_score(const evaluate_selection *rows, uint32_t splits,
                              const evaluate_threads *threads, double *scores,
                              const char *name, host_failure *f);

#endif
