/* SPDX-License-Identifier: MIT
 *
 * init.h - the values that a new network begins with. */
#ifndef CEDM_TRAINER_INIT_H
#define CEDM_TRAINER_INIT_H

#include "codegen/training.h"

/* Fills in tensor `index` of a configuration as the reference does [EDM];
 * values are zero before.  A weight comes before its bias.  False when out
 * of memory. */
bool train_init_tensor(const cg_spec *specs, uint32_t index,
                       const char *config, uint32_t seed, float *values);

#endif
