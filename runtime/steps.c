/* SPDX-License-Identifier: MIT
 *
 * steps.c - the scalars of Algorithm 2 [EDM], step by step. */
#include "runtime/steps.h"

#include "runtime/noise_level.h"

#define MAX_GAMMA 0x1.a827999fcef32p-2 /* sqrt(2) - 1 */

static bool finite(double x)
{
    return x - x == 0;
}

static bool usable(double x)
{
    return finite((double)(cedm_real)x) && (cedm_real)x > 0;
}

/* Level i as the model knows it; 0 at the end. */
static double level(const cedm_denoiser *denoiser, const float *data,
                    const cedm_sampler_params *p, uint32_t i)
{
    return i < p->steps ? cedm_round_sigma(denoiser, data, cedm_sigma(p, i))
                        : 0;
}

/* The levels and what follows from them must be numbers above 0, and the
 * levels never rise: an extreme rho or range over- or underflows on the way.
 * Levels of the iDDPM table fall by nature, and each costs the whole table. */
static bool levels_usable(const cedm_denoiser *denoiser, const float *data,
                          const cedm_sampler_params *p)
{
    double last = (double)__builtin_inff();
    uint32_t count =
        p->discretization == CEDM_DISCRETIZATION_iddpm ? 1 : p->steps;

    for (uint32_t i = 0; i < count; i++) {
        double sigma = level(denoiser, data, p, i);
        cedm_point at = cedm_point_at(p, sigma);

        if (!(usable(sigma) && usable(at.t) && usable(at.s) &&
              usable(at.divisor) && sigma <= last)) {
            return false;
        }
        last = sigma;
    }
    return true;
}

cedm_status cedm_steps_check(const cedm_denoiser *denoiser, const float *data,
                             cedm_sampler_params *p)
{
    if (p->sigma_min < denoiser->sigma_min) {
        p->sigma_min = denoiser->sigma_min;
    }
    if (p->sigma_max > denoiser->sigma_max) {
        p->sigma_max = denoiser->sigma_max;
    }
    if (p->steps == 0 || p->steps > CEDM_MAX_STEPS) {
        return CEDM_E_STEPS;
    }
    if (!(p->sigma_min > 0 && p->sigma_min <= p->sigma_max) ||
        !finite(p->sigma_max) || !finite(p->rho) || p->rho == 0) {
        return CEDM_E_PARAM;
    }
    /* written so that a NaN fails; S_churn and S_max may be infinite */
    if (!(p->S_churn >= 0 && p->S_min >= 0 && p->S_max >= 0 &&
          p->S_noise >= 0) ||
        !finite(p->S_noise) || !finite(p->guidance)) {
        return CEDM_E_PARAM;
    }
    return cedm_schedule_known(p) && levels_usable(denoiser, data, p)
               ? CEDM_OK
               : CEDM_E_PARAM;
}

double cedm_steps_begin(const cedm_denoiser *denoiser, const float *data,
                        const cedm_sampler_params *params)
{
    cedm_point first =
        cedm_point_at(params, level(denoiser, data, params, 0));

    return first.sigma * first.s;
}

/* Lines 4 to 6 of the algorithm, from the level `sigma`. */
static void churn(cedm_step *step, const cedm_denoiser *denoiser,
                  const float *data, const cedm_sampler_params *p,
                  double sigma)
{
    double gamma = p->S_churn / p->steps;
    cedm_point at = step->hat;

    if (!(sigma >= p->S_min && sigma <= p->S_max) || gamma == 0) {
        return;
    }
    gamma = gamma < MAX_GAMMA ? gamma : MAX_GAMMA;
    step->hat = cedm_point_at(
        p, cedm_round_sigma(denoiser, data, sigma + gamma * sigma));
    step->churns = true;
    step->base = step->hat.s / at.s;
    /* sqrt(hat^2 - sigma^2) without the squares; a rounded hat is no less */
    step->scale = __builtin_sqrt(step->hat.sigma - sigma) *
                  __builtin_sqrt(step->hat.sigma + sigma) * step->hat.s *
                  p->S_noise;
}

cedm_step cedm_step_at(const cedm_denoiser *denoiser, const float *data,
                       const cedm_sampler_params *params, uint32_t i)
{
    double sigma = level(denoiser, data, params, i);
    cedm_step step = {
        .hat = cedm_point_at(params, sigma),
        .next = cedm_point_at(params, level(denoiser, data, params, i + 1)),
        .base = 1,
    };

    churn(&step, denoiser, data, params, sigma);
    return step;
}
