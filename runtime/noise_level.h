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

/* Table 1 of [EDM], its own column.  sigma and sigma_data are finite and
 * above 0. */
cedm_scalings cedm_precondition(double sigma_data, double sigma);

/* The noise-level features of c_noise: dst is [features->channels].
 * Computed in double precision, rounded once. */
void cedm_noise_features(const cedm_features *features, const float *data,
                         double c_noise, float *dst);

#endif
