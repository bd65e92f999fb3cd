/* SPDX-License-Identifier: MIT
 *
 * schedule.c - noise levels, time and scaling in float64: [EDM] eq. 5 and
 * table 1.
 *
 * Levels come first and the time follows from them: every sigma(t) here has
 * a closed inverse, and sigma' is a function of sigma, so that no level is
 * ever computed back from its time. */
#include "runtime/diffusion/schedule.h"

#include "runtime/fmath.h"
#include "runtime/diffusion/noise_level.h"

#define EPSILON_S 1e-3    /* where the VP curve meets sigma_min */
#define IDDPM_STEPS 1000u /* M */
#define IDDPM_C1 0.001
#define IDDPM_C2 0.008
#define VP_BETA_D 19.9
#define VP_BETA_MIN 0.1

/* ---- defaults ---------------------------------------------------------- */

cedm_sampler_params
cedm_sampler_params_for(enum cedm_discretization discretization)
{
    cedm_sampler_params params = {
        .steps = 18,
        .sigma_min = 0.002,
        .sigma_max = 80,
        .rho = 7,
        .S_max = (double)__builtin_inff(),
        .S_noise = 1,
        .discretization = discretization,
    };

    switch (discretization) {
    case CEDM_DISCRETIZATION_vp:
        params.sigma_min = cedm_vp_sigma(VP_BETA_D, VP_BETA_MIN, EPSILON_S);
        params.sigma_max = cedm_vp_sigma(VP_BETA_D, VP_BETA_MIN, 1);
        break;
    case CEDM_DISCRETIZATION_ve:
        params.sigma_min = 0.02;
        params.sigma_max = 100;
        break;
    case CEDM_DISCRETIZATION_iddpm: params.sigma_max = 81; break;
    case CEDM_DISCRETIZATION_edm:
    default: break;
    }
    return params;
}

cedm_sampler_params cedm_sampler_params_default(void)
{
    return cedm_sampler_params_for(CEDM_DISCRETIZATION_edm);
}

/* ---- the VP curve through the ends of the range ------------------------ */

typedef struct betas {
    double d, min;
} betas;

/* sigma(EPSILON_S) = sigma_min, sigma(1) = sigma_max */
static betas fit(const cedm_sampler_params *p)
{
    double low = cedm_log_1_square(p->sigma_min);
    double high = cedm_log_1_square(p->sigma_max);
    betas b;

    b.d = 2 * (low / EPSILON_S - high) / (EPSILON_S - 1);
    b.min = high - b.d / 2;
    return b;
}

bool cedm_schedule_known(const cedm_sampler_params *p)
{
    bool vp = p->discretization == CEDM_DISCRETIZATION_vp ||
              p->schedule == CEDM_SCHEDULE_vp;

    return p->solver <= CEDM_SOLVER_euler &&
           p->discretization <= CEDM_DISCRETIZATION_iddpm &&
           p->schedule <= CEDM_SCHEDULE_ve && p->scaling <= CEDM_SCALING_vp &&
           (!vp || fit(p).d > 0);
}

/* ---- levels ------------------------------------------------------------ */

static double edm_level(const cedm_sampler_params *p, double share)
{
    double inverse = 1 / p->rho;
    double from = cedm_pow(p->sigma_max, inverse);
    double to = cedm_pow(p->sigma_min, inverse);

    return cedm_pow(from + share * (to - from), p->rho);
}

static double vp_level(const cedm_sampler_params *p, double share)
{
    betas b = fit(p);

    return cedm_vp_sigma(b.d, b.min, 1 + share * (EPSILON_S - 1));
}

static double ve_level(const cedm_sampler_params *p, double share)
{
    return p->sigma_max * cedm_pow(p->sigma_min / p->sigma_max, share);
}

/* sin^2(pi j / (2 M (C2 + 1))) */
static double alpha_bar(uint32_t j)
{
    double sine, cosine;

    cedm_sincospi(j / (2 * IDDPM_STEPS * (IDDPM_C2 + 1)), &sine, &cosine);
    return sine * sine;
}

/* Level `skip` of those in the range, counted from the smallest, and how
 * many there are.  u_M = 0, and u_j^2 + 1 is a product of ratios. */
static double iddpm_table(const cedm_sampler_params *p, uint32_t skip,
                          uint32_t *count)
{
    double product = 1, above = alpha_bar(IDDPM_STEPS), found = 0;

    *count = 0;
    for (uint32_t j = IDDPM_STEPS; j > 0; j--) {
        double below = alpha_bar(j - 1), ratio = below / above, u;

        product /= ratio > IDDPM_C1 ? ratio : IDDPM_C1;
        u = __builtin_sqrt(product - 1);
        if (u >= p->sigma_min && u <= p->sigma_max) {
            if (*count == skip) {
                found = u;
            }
            ++*count;
        }
        above = below;
    }
    return found;
}

/* To the nearest integer, ties to even: the sum has no bits below 1. */
static double rounded(double x)
{
    return x + 0x1.8p52 - 0x1.8p52;
}

/* 0 if no level is in the range. */
static double iddpm_level(const cedm_sampler_params *p, uint32_t i)
{
    uint32_t count, last;
    double at = 0;

    (void)iddpm_table(p, 0, &count);
    if (count == 0) {
        return 0;
    }
    last = count - 1;
    if (i > 0) {
        at = rounded(last / (double)(p->steps - 1) * i);
    }
    return iddpm_table(p, last - (uint32_t)at, &count);
}

/* The ends are given, not computed: a power of a root of sigma_max would
 * miss it by some ulps, and with it a bound such as S_max = sigma_max. */
double cedm_sigma(const cedm_sampler_params *p, uint32_t i)
{
    double share;

    if (i >= p->steps) {
        return 0;
    }
    if (p->discretization == CEDM_DISCRETIZATION_iddpm) {
        return iddpm_level(p, i);
    }
    if (i == 0) {
        return p->sigma_max;
    }
    if (i == p->steps - 1) {
        return p->sigma_min;
    }
    share = i / (double)(p->steps - 1);
    switch (p->discretization) {
    case CEDM_DISCRETIZATION_vp: return vp_level(p, share);
    case CEDM_DISCRETIZATION_ve: return ve_level(p, share);
    case CEDM_DISCRETIZATION_edm:
    case CEDM_DISCRETIZATION_iddpm:
    default: return edm_level(p, share);
    }
}

/* ---- time and scaling -------------------------------------------------- */

/* sigma' at a point whose sigma is known; sets its t. */
static double slope(const cedm_sampler_params *p, cedm_point *point)
{
    double sigma = point->sigma;
    betas b;

    switch (p->schedule) {
    case CEDM_SCHEDULE_vp:
        b = fit(p);
        point->t = cedm_vp_time(b.d, b.min, sigma);
        return (b.d * point->t + b.min) / 2 * (sigma + 1 / sigma);
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
