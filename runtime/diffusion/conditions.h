/* SPDX-License-Identifier: MIT
 *
 * conditions.h - what a run is given beside seeds and clusters: checks and
 * scalars, which every backend has in common, and the host's arrays. */
#ifndef CEDM_CONDITIONS_H
#define CEDM_CONDITIONS_H

#include "runtime/diffusion/steps.h"

/* What pixels become: base times what they were, plus scale times the normal
 * numbers of a draw of the image's seed. */
typedef struct cedm_noising {
    double base, scale;
    uint32_t draw;
} cedm_noising;

/* CEDM_OK if a run has begun and no step was done; E_NULL, E_STATE. */
cedm_status cedm_fresh_check(const cedm_sampler *sampler);

/* ---- between two seeds and clusters ------------------------------------ */

/* The arguments of cedm_sample_mix for n images: E_NULL, E_CLUSTER, E_PARAM or
 * OK. */
cedm_status cedm_mix_check(const cedm_model *model, const uint64_t *seeds,
                           const int32_t *clusters, const double *shares,
                           uint32_t n);

/* What the latents of a seed and of the other are multiplied by, share below
 * 1: (1, 0) where there is nothing to add. */
void cedm_mix_weights(uint64_t seed, uint64_t other, double share,
                      double weight[2]);

/* ---- images ------------------------------------------------------------- */

/* What images become at the first level of a run. */
cedm_noising cedm_first_noising(const cedm_denoiser *denoiser,
                                const float *data,
                                const cedm_sampler_params *params);

/* Puts images into the state, where the mask has them; mask NULL: all. */
void cedm_put_images(const cedm_sampler *sampler, const uint8_t *images,
                     const uint8_t *mask, cedm_noising noising);

/* ---- a guide ------------------------------------------------------------ */

/* Whether a guide denoises the same images, by the same clusters or none. */
bool cedm_guide_suits(const cedm_denoiser *own, const cedm_denoiser *guide);

#endif
