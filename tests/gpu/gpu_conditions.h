/* SPDX-License-Identifier: MIT
 *
 * gpu_conditions.h - runs that are given something beside seeds and clusters,
 * on a GPU and on the portable backend. */
#ifndef CEDM_TEST_GPU_CONDITIONS_H
#define CEDM_TEST_GPU_CONDITIONS_H

#include "tests/gpu/both.h"

/* Memory of b is that of its config with the guide, whose two nets are open.
 * States must be within `limit` of each other. */
void conditions_check(both *b, both *guide, double limit);

#endif
