/* SPDX-License-Identifier: MIT
 *
 * conditions.h - what a mask does in the steps of a run. */
#ifndef CEDM_CONDITIONS_H
#define CEDM_CONDITIONS_H

#include "runtime/diffusion/steps.h"

/* Known pixels of the state become the image's, noisy as the level that the
 * step went to. */
void cedm_put_known(const cedm_sampler *sampler, const cedm_step *step,
                    uint32_t round);

/* Takes the state from the level that the step went to back to its own; `round`
 * is the next one, from 1 on. */
void cedm_go_back(const cedm_sampler *sampler, const cedm_step *step,
                  uint32_t round);

#endif
