/* SPDX-License-Identifier: MIT
 *
 * mask.h - what a mask does in the steps of a run. */
#ifndef CEDM_MASK_H
#define CEDM_MASK_H

#include "runtime/diffusion/conditions.h"

/* Which round of which step. */
typedef struct cedm_round {
    uint32_t step, round, rounds;
} cedm_round;

/* The rounds of a mask: E_STEPS for their number, E_SOLVER where there are
 * more than one and the solver remembers steps, or OK. */
cedm_status cedm_rounds_check(const cedm_sampler_params *params,
                              uint32_t rounds);

/* How often a step is done. */
uint32_t cedm_step_rounds(const cedm_step *step, uint32_t rounds);

/* What images become where they are known, after a round. */
cedm_noising cedm_known_noising(const cedm_sampler_params *params,
                                const cedm_step *step, cedm_round at);

/* What the state becomes before round 1 and later ones: it goes back from the
 * level that the step went to. */
cedm_noising cedm_back_noising(const cedm_step *step, cedm_round at);

/* The same on the host's state. */
void cedm_put_known(const cedm_sampler *sampler, const cedm_step *step,
                    uint32_t round);
void cedm_go_back(const cedm_sampler *sampler, const cedm_step *step,
                  uint32_t round);

#endif
