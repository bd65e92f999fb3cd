/* SPDX-License-Identifier: MIT
 *
 * schedule.c - noise levels: [EDM] eq. 5, in float64. */
#include "cedm.h"
#include "fmath.h"

/* The ends are given, not computed: a power of a root of sigma_max would
 * miss it by some ulps, and with it a bound such as S_max = sigma_max. */
double cedm_sigma(const cedm_sampler_params *params, uint32_t i)
{
    uint32_t steps = params->steps;
    double inverse = 1 / params->rho;
    double from, to;

    if (i >= steps) {
        return 0;
    }
    if (i == 0) {
        return params->sigma_max;
    }
    if (i == steps - 1) {
        return params->sigma_min;
    }
    from = cedm_pow(params->sigma_max, inverse);
    to = cedm_pow(params->sigma_min, inverse);
    return cedm_pow(from + i / (double)(steps - 1) * (to - from),
                    params->rho);
}
