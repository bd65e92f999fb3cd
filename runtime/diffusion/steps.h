/* SPDX-License-Identifier: MIT
 *
 * steps.h - the scalars of a run, step by step: what a sampler knows
 * before it touches an image. */
#ifndef CEDM_STEPS_H
#define CEDM_STEPS_H

#include <stdbool.h>

#include "runtime/diffusion/schedule.h"

/* What state maps become after a step of a multistep solver, see solver.h:
 * map[j] = sum_k w[j][k] map[k]. */
typedef double cedm_matrix[CEDM_STATE_MAPS][CEDM_STATE_MAPS];

/* One step, from t hat to the next level. */
typedef struct cedm_step {
    cedm_point hat, next;
    bool churns; /* x = base x + scale noise comes first */
    double base, scale;
    cedm_matrix matrix; /* multistep solvers only */
} cedm_step;

/* Clips the range to the model's, or takes the list's, fills in the order and
 * checks everything.  data are the blob's tensors as floats.  E_STEPS,
 * E_PARAM, E_SOLVER, E_LEVELS, E_NULL for a list that is none, or OK. */
cedm_status cedm_steps_check(const cedm_denoiser *denoiser, const float *data,
                             cedm_sampler_params *params);

/* Where a run begins: latents are multiplied by sigma s. */
cedm_point cedm_first_point(const cedm_denoiser *denoiser, const float *data,
                            const cedm_sampler_params *params);

/* Step i, start .. steps - 1, of parameters that were checked. */
cedm_step cedm_step_at(const cedm_denoiser *denoiser, const float *data,
                       const cedm_sampler_params *params, uint32_t i);

/* Evaluations of D in a step: one where it ends at 0. */
uint32_t cedm_step_evaluations(const cedm_sampler_params *params,
                               const cedm_step *step);

/* Whether guidance counts at a level that is evaluated at [INTERVAL]. */
static inline bool cedm_guided_at(const cedm_sampler_params *params,
                                  double sigma)
{
    return params->guidance != 0 && sigma > params->guidance_min &&
           sigma <= params->guidance_max;
}

/* The number of the draw that churn adds at step 0, if it adds one there: the
 * latent has one, and the label if there are any.  At step i it is i more. */
uint32_t cedm_first_draw(const cedm_denoiser *denoiser, const float *data,
                         const cedm_sampler_params *params);

#endif
