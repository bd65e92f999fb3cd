/* SPDX-License-Identifier: MIT
 *
 * judge.h - who says how good a network's images are: a program gives one to a
 * run, which knows nothing of features and distances. */
#ifndef CEDM_TRAINER_JUDGE_H
#define CEDM_TRAINER_JUDGE_H

#include "trainer/sample.h"

typedef struct train_judge {
    void *self;
    uint32_t images; /* that it wants to see, at least 1 */
    bool (*begin)(void *self, host_failure *f);
    train_sample_take *take; /* some of them */
    /* The distance to real images, finite and 0 or more: less is better. */
    bool (*end)(void *self, double *distance, host_failure *f);
} train_judge;

#endif
