/* SPDX-License-Identifier: MIT
 *
 * sample.h - a picture of what the network draws so far. */
#ifndef CEDM_TRAINER_SAMPLE_H
#define CEDM_TRAINER_SAMPLE_H

#include "host/cli/failure.h"
#include "trainer/learner.h"

/* Draws columns x columns images with the network's present parameters and
 * writes them as one PNG: image i has cluster i mod label_dim and the same
 * noise in every picture of a run.  Heun's method [EDM]. */
bool train_sample_grid(train_learner *l, uint32_t columns, uint32_t steps,
                       uint32_t seed, const char *path, host_failure *f);

#endif
