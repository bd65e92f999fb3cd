/* SPDX-License-Identifier: MIT
 *
 * steps.h - the scalars of Algorithm 2 [EDM], step by step: what a sampler
 * knows before it touches an image. */
#ifndef CEDM_STEPS_H
#define CEDM_STEPS_H

#include "runtime/schedule.h"

/* One step, from t hat to the next level. */
typedef struct cedm_step {
    cedm_point hat, next; /* next.sigma is 0 at the last step */
    bool churns;          /* x = base x + scale noise comes first */
    double base, scale;
} cedm_step;

/* Clips the range to the model's and checks everything.  data are the
 * blob's tensors as floats.  E_STEPS, E_PARAM or OK. */
cedm_status cedm_steps_check(const cedm_denoiser *denoiser, const float *data,
                             cedm_sampler_params *params);

/* What the latents are multiplied by. */
double cedm_steps_begin(const cedm_denoiser *denoiser, const float *data,
                        const cedm_sampler_params *params);

/* Step i, 0 .. steps - 1, of parameters that were checked. */
cedm_step cedm_step_at(const cedm_denoiser *denoiser, const float *data,
                       const cedm_sampler_params *params, uint32_t i);

/* Whether the step evaluates the network at its end too. */
static inline bool cedm_step_is_heun(const cedm_sampler_params *params,
                                     const cedm_step *step)
{
    return step->next.sigma != 0 && params->solver != CEDM_SOLVER_euler;
}

/* The number of the draw that step i's noise is: after the latent, and the
 * label if there are any. */
static inline uint32_t cedm_noise_draw(const cedm_denoiser *denoiser,
                                       uint32_t i)
{
    return (denoiser->label_dim > 0 ? 2 : 1) + i;
}

#endif
