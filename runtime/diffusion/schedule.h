/* SPDX-License-Identifier: MIT
 *
 * schedule.h - where on the ODE's path a noise level lies. */
#ifndef CEDM_SCHEDULE_H
#define CEDM_SCHEDULE_H

#include "cedm.h"
#include "runtime/diffusion/noise_level.h"

/* The VP curve, see cedm_vp_sigma, and the time where it meets the lowest
 * level of a range. */
#define CEDM_VP_START 1e-3

typedef struct cedm_vp_curve {
    double d, min; /* beta_d, beta_min */
} cedm_vp_curve;

/* The curve through the ends of a range, at CEDM_VP_START and 1.  It is one
 * where d comes out above 0. */
cedm_vp_curve cedm_vp_fit(double sigma_min, double sigma_max);

/* With both scalings s' sigma / s = sigma' (s^2 - 1), so that the ODE is
 *   dx/dt = (s x - D(x / s; sigma)) / divisor,  divisor = sigma / (sigma' s) */
typedef struct cedm_point {
    double sigma, t;
    double s, divisor; /* unused where sigma is 0 */
} cedm_point;

/* The point of a noise level, 0 or more. */
cedm_point cedm_point_at(const cedm_sampler_params *params, double sigma);

#endif
