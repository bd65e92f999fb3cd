/* SPDX-License-Identifier: MIT
 *
 * schedule.c - time and scaling in float64: [EDM] table 1.
 *
 * Levels come first and the time follows from them: every sigma(t) here has
 * a closed inverse, and sigma' is a function of sigma, so that no level is
 * ever computed back from its time. */
#include "runtime/diffusion/schedule.h"

/* sigma(CEDM_VP_START) = low, sigma(1) = high */
cedm_vp_curve cedm_vp_fit(double low, double high)
{
    double at_start = cedm_log_1_square(low);
    double at_1 = cedm_log_1_square(high);
    cedm_vp_curve c;

    c.d = 2 * (at_start / CEDM_VP_START - at_1) / (CEDM_VP_START - 1);
    c.min = at_1 - c.d / 2;
    return c;
}

/* sigma' at a point whose sigma is known; sets its t. */
static double slope(const cedm_sampler_params *p, cedm_point *point)
{
    double sigma = point->sigma;
    cedm_vp_curve c;

    switch (p->schedule) {
    case CEDM_SCHEDULE_vp:
        c = cedm_vp_fit(p->sigma_min, p->sigma_max);
        point->t = cedm_vp_time(c.d, c.min, sigma);
        return (c.d * point->t + c.min) / 2 * (sigma + 1 / sigma);
    case CEDM_SCHEDULE_ve: point->t = sigma * sigma; return 1 / (2 * sigma);
    case CEDM_SCHEDULE_linear:
    default: point->t = sigma; return 1;
    }
}

cedm_point cedm_point_at(const cedm_sampler_params *p, double sigma)
{
    cedm_point point = {.sigma = sigma, .s = 1};

    if (sigma > 0) {
        double rate = slope(p, &point);

        if (p->scaling == CEDM_SCALING_vp) {
            point.s = 1 / __builtin_sqrt(1 + sigma * sigma);
        }
        point.divisor = sigma / (rate * point.s);
    }
    return point;
}
