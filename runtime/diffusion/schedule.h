/* SPDX-License-Identifier: MIT
 *
 * schedule.h - where on the ODE's path a noise level lies. */
#ifndef CEDM_SCHEDULE_H
#define CEDM_SCHEDULE_H

#include <stdbool.h>

#include "cedm.h"

/* With both scalings s' sigma / s = sigma' (s^2 - 1), so that the ODE is
 *   dx/dt = (s x - D(x / s; sigma)) / divisor,  divisor = sigma / (sigma' s) */
typedef struct cedm_point {
    double sigma, t;
    double s, divisor; /* unused where sigma is 0 */
} cedm_point;

/* The point of a noise level, 0 or more. */
cedm_point cedm_point_at(const cedm_sampler_params *params, double sigma);

/* Whether the choices are known and the range fits a VP curve where one is
 * asked for: its beta_d must come out above 0. */
bool cedm_schedule_known(const cedm_sampler_params *params);

#endif
