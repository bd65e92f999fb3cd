/* SPDX-License-Identifier: MIT
 *
 * steps.c - the scalars of a run, step by step: lines 3 to 6 of Algorithm 2
 * [EDM] for its solvers, the matrix of a step for multistep ones. */
#include "runtime/diffusion/steps.h"

#include "runtime/diffusion/solver.h"
#include "runtime/diffusion/spacing.h"

#define MAX_GAMMA 0x1.a827999fcef32p-2 /* sqrt(2) - 1 */

static bool finite(double x)
{
    return x - x == 0;
}

static bool usable(double x)
{
    return finite((double)(cedm_real)x) && (cedm_real)x > 0;
}

/* Level i as the model knows it; 0 where the run ends there. */
static double level(const cedm_denoiser *denoiser, const float *data,
                    const cedm_sampler_params *p, uint32_t i)
{
    double sigma = cedm_sigma(p, i);

    return sigma > 0 ? cedm_round_sigma(denoiser, data, sigma) : sigma;
}

/* ---- checks ------------------------------------------------------------ */

/* Written so that a NaN fails; S_churn and S_max may be infinite. */
static bool numbers_usable(const cedm_sampler_params *p)
{
    return p->sigma_min > 0 && p->sigma_min <= p->sigma_max &&
           finite(p->sigma_max) && finite(p->rho) && p->rho != 0 &&
           p->S_churn >= 0 && p->S_min >= 0 && p->S_max >= 0 &&
           p->S_noise >= 0 && finite(p->S_noise) && finite(p->guidance) &&
           p->guidance_min >= 0 && p->guidance_min <= p->guidance_max;
}

static bool words_known(const cedm_sampler_params *p)
{
    return cedm_solver_of(p->solver) != NULL && cedm_spacing_known(p) &&
           p->schedule <= CEDM_SCHEDULE_ve && p->scaling <= CEDM_SCALING_vp &&
           p->churn_draws <= CEDM_CHURN_DRAWS_cedm;
}

/* Whether there is a VP curve through the range, where one is needed. */
static bool curve_exists(const cedm_sampler_params *p)
{
    return !(cedm_spacing_is_on_vp(p) || p->schedule == CEDM_SCHEDULE_vp ||
             cedm_solver_of(p->solver)->on_vp) ||
           cedm_vp_fit(p->sigma_min, p->sigma_max).d > 0;
}

/* Fills in the order; whether the solver has it and goes with the rest. */
static bool solver_suits(cedm_sampler_params *p)
{
    const cedm_solver_facts *facts = cedm_solver_describe(p->solver);

    if (p->order == 0) {
        p->order = facts->order;
    }
    return p->order >= facts->least && p->order <= facts->most &&
           (facts->general ||
            (!(p->S_churn > 0) && p->schedule == CEDM_SCHEDULE_linear &&
             p->scaling == CEDM_SCALING_none));
}

/* Clips the range; that of a list is what the list says. */
static cedm_status take_range(const cedm_denoiser *denoiser,
                              cedm_sampler_params *p)
{
    if (p->discretization == CEDM_DISCRETIZATION_list) {
        if (p->sigmas == NULL) {
            return CEDM_E_NULL;
        }
        p->sigma_max = p->sigmas[0];
        p->sigma_min = p->sigmas[cedm_last_level(p)];
        return p->sigma_max <= denoiser->sigma_max &&
                       p->sigma_min >= denoiser->sigma_min
                   ? CEDM_OK
                   : CEDM_E_LEVELS;
    }
    if (p->sigma_min < denoiser->sigma_min) {
        p->sigma_min = denoiser->sigma_min;
    }
    if (p->sigma_max > denoiser->sigma_max) {
        p->sigma_max = denoiser->sigma_max;
    }
    return CEDM_OK;
}

/* A level and what follows from it must be numbers above 0: an extreme rho or
 * range over- or underflows on the way. */
static bool level_usable(const cedm_sampler_params *p, double sigma)
{
    cedm_point at = cedm_point_at(p, sigma);

    return usable(sigma) && usable(at.t) && usable(at.s) &&
           usable(at.divisor);
}

/* Levels never rise, and fall where a solver divides by their distances or
 * somebody wrote them down.  Those of the iDDPM table do not rise by nature,
 * and each costs the whole table. */
static cedm_status check_levels(const cedm_denoiser *denoiser,
                                const float *data,
                                const cedm_sampler_params *p)
{
    bool list = p->discretization == CEDM_DISCRETIZATION_list;
    bool strict = list || cedm_solver_of(p->solver)->matrix != NULL;
    double last = (double)__builtin_inff();
    uint32_t end = cedm_last_level(p);

    if (p->discretization == CEDM_DISCRETIZATION_iddpm && !strict) {
        end = 0;
    }
    for (uint32_t i = 0; i <= end; i++) {
        double sigma = level(denoiser, data, p, i);

        if (!level_usable(p, sigma)) {
            return list ? CEDM_E_LEVELS : CEDM_E_PARAM;
        }
        if (sigma > last || (strict && sigma == last)) {
            return strict ? CEDM_E_LEVELS : CEDM_E_PARAM;
        }
        last = sigma;
    }
    return CEDM_OK;
}

cedm_status cedm_steps_check(const cedm_denoiser *denoiser, const float *data,
                             cedm_sampler_params *p)
{
    cedm_status status;

    if (p->steps == 0 || p->steps > CEDM_MAX_STEPS || p->start >= p->steps) {
        return CEDM_E_STEPS;
    }
    if (!words_known(p)) {
        return CEDM_E_PARAM;
    }
    status = take_range(denoiser, p);
    if (status != CEDM_OK) {
        return status;
    }
    if (!numbers_usable(p) || !curve_exists(p)) {
        return CEDM_E_PARAM;
    }
    return solver_suits(p) ? check_levels(denoiser, data, p) : CEDM_E_SOLVER;
}

/* ---- steps ------------------------------------------------------------- */

cedm_point cedm_first_point(const cedm_denoiser *denoiser, const float *data,
                            const cedm_sampler_params *params)
{
    return cedm_point_at(params,
                         level(denoiser, data, params, params->start));
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

/* The levels before the first step's are left at 0. */
static void fill_matrix(cedm_step *step, const cedm_denoiser *denoiser,
                        const float *data, const cedm_sampler_params *p,
                        uint32_t i)
{
    cedm_multistep m = {
        .params = p,
        .i = i - p->start,
        .left = p->steps - 1 - i,
        .next = step->next.sigma,
        .at = {step->hat.sigma},
    };

    for (uint32_t k = 1; k < 3 && k <= m.i; k++) {
        m.at[k] = level(denoiser, data, p, i - k);
    }
    cedm_solver_of(p->solver)->matrix(&m, step->matrix);
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

    if (cedm_solver_of(params->solver)->matrix != NULL) {
        fill_matrix(&step, denoiser, data, params, i);
    } else {
        churn(&step, denoiser, data, params, sigma);
    }
    return step;
}

uint32_t cedm_step_evaluations(const cedm_sampler_params *params,
                               const cedm_step *step)
{
    return step->next.sigma == 0
               ? 1
               : cedm_solver_of(params->solver)->facts.evaluations;
}

/* Steps above S_max do not count in C-EDM's way: those inside follow one
 * another, as levels fall. */
uint32_t cedm_first_draw(const cedm_denoiser *denoiser, const float *data,
                         const cedm_sampler_params *params)
{
    uint32_t draw = denoiser->label_dim > 0 ? 2 : 1;

    if (params->churn_draws == CEDM_CHURN_DRAWS_edm) {
        return draw;
    }
    for (uint32_t i = 0; i < params->steps &&
                         level(denoiser, data, params, i) > params->S_max;
         i++) {
        draw--;
    }
    return draw;
}
