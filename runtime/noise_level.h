/* SPDX-License-Identifier: MIT
 *
 * noise_level.h - what a noise level becomes before a network sees it. */
#ifndef CEDM_NOISE_LEVEL_H
#define CEDM_NOISE_LEVEL_H

#include "cedm_model.h"

/* D(x; sigma) = c_skip x + c_out F(c_in x; c_noise)  [EDM, eq. 7] */
typedef struct cedm_scalings {
    double c_skip, c_out, c_in, c_noise;
} cedm_scalings;

/* Table 1 of [EDM], the model's column.  data are the blob's tensors; sigma
 * is finite and above 0. */
cedm_scalings cedm_precondition(const cedm_denoiser *denoiser,
                                const float *data, double sigma);

/* The noise level nearest to sigma that the model was trained on: one of its
 * table for iDDPM, sigma itself for the others. */
double cedm_round_sigma(const cedm_denoiser *denoiser, const float *data,
                        double sigma);

/* The VP schedule, sigma(t) = sqrt(exp(beta_d t^2 / 2 + beta_min t) - 1) for
 * t > 0, and its inverse.  beta_d is above 0. */
double cedm_vp_sigma(double beta_d, double beta_min, double t);
double cedm_vp_time(double beta_d, double beta_min, double sigma);

/* ln(1 + x^2), without loss for a small x or overflow for a large one. */
double cedm_log_1_square(double x);

/* The noise-level features of c_noise: dst is [features->channels].
 * Computed in double precision, rounded once. */
void cedm_noise_features(const cedm_features *features, const float *data,
                         double c_noise, float *dst);

#endif
