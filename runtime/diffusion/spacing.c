/* SPDX-License-Identifier: MIT
 *
 * spacing.c - the noise levels that a sampler stops at, in float64, and the
 * defaults that go with them: [EDM] eq. 5 and table 1. */
#include "runtime/diffusion/spacing.h"

#include "runtime/diffusion/schedule.h"
#include "runtime/fmath.h"

#define IDDPM_STEPS 1000u /* M */
#define IDDPM_C1 0.001
#define IDDPM_C2 0.008

/* ---- between the ends of the range ------------------------------------- */

static double edm_level(const cedm_sampler_params *p, double share)
{
    double inverse = 1 / p->rho;
    double from = cedm_pow(p->sigma_max, inverse);
    double to = cedm_pow(p->sigma_min, inverse);

    return cedm_pow(from + share * (to - from), p->rho);
}

static double vp_level(const cedm_sampler_params *p, double share)
{
    cedm_vp_curve c = cedm_vp_fit(p->sigma_min, p->sigma_max);

    return cedm_vp_sigma(c.d, c.min, 1 + share * (CEDM_VP_START - 1));
}

/* vp_level is this with a rho of 1. */
static double vpt_level(const cedm_sampler_params *p, double share)
{
    cedm_vp_curve c = cedm_vp_fit(p->sigma_min, p->sigma_max);
    double to = cedm_pow(CEDM_VP_START, 1 / p->rho);

    return cedm_vp_sigma(c.d, c.min, cedm_pow(1 + share * (to - 1), p->rho));
}

static double ve_level(const cedm_sampler_params *p, double share)
{
    return p->sigma_max * cedm_pow(p->sigma_min / p->sigma_max, share);
}

/* ---- iDDPM ------------------------------------------------------------- */

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
static double iddpm_level(const cedm_sampler_params *p, uint32_t i,
                          uint32_t last)
{
    uint32_t count, lowest;
    double at = 0;

    (void)iddpm_table(p, 0, &count);
    if (count == 0) {
        return 0;
    }
    lowest = count - 1;
    if (i > 0) {
        at = rounded(lowest / (double)last * i);
    }
    return iddpm_table(p, lowest - (uint32_t)at, &count);
}

/* ---- a list ------------------------------------------------------------ */

static double list_level(const cedm_sampler_params *p, uint32_t i,
                         uint32_t last)
{
    (void)last;
    return p->sigmas[i];
}

/* ---- the table --------------------------------------------------------- */

/* By its share of the way through the range, or by its number. */
typedef struct spacing {
    double (*between)(const cedm_sampler_params *p, double share);
    double (*level)(const cedm_sampler_params *p, uint32_t i, uint32_t last);
    double sigma_min, sigma_max, rho;
    bool on_vp; /* needs a VP curve through the range */
} spacing;

/* vp: the range of the VP curve with beta_d 19.9, beta_min 0.1 */
static const spacing spacings[] = {
    [CEDM_DISCRETIZATION_edm] = {edm_level, NULL, 0.002, 80, 7, false},
    [CEDM_DISCRETIZATION_vp] = {vp_level, NULL, 0x1.579ae20ae0aa3p-7,
                                0x1.30557d2109e83p+7, 7, true},
    [CEDM_DISCRETIZATION_ve] = {ve_level, NULL, 0.02, 100, 7, false},
    [CEDM_DISCRETIZATION_iddpm] = {NULL, iddpm_level, 0.002, 81, 7, false},
    [CEDM_DISCRETIZATION_vpt] = {vpt_level, NULL, 0.002, 80, 2, true},
    [CEDM_DISCRETIZATION_logsnr] = {ve_level, NULL, 0.002, 80, 7, false},
    [CEDM_DISCRETIZATION_list] = {NULL, list_level, 0.002, 80, 7, false},
};

#define COUNT(word) +1u
_Static_assert(sizeof spacings / sizeof spacings[0] ==
                   0u CEDM_DISCRETIZATION_LIST(COUNT),
               "a word has no row");
#undef COUNT

/* The first row for words that there are not. */
static const spacing *spacing_of(enum cedm_discretization discretization)
{
    bool known =
        (size_t)discretization < sizeof spacings / sizeof spacings[0];

    return &spacings[known ? discretization : CEDM_DISCRETIZATION_edm];
}

bool cedm_spacing_known(const cedm_sampler_params *p)
{
    return (size_t)p->discretization < sizeof spacings / sizeof spacings[0];
}

bool cedm_spacing_is_on_vp(const cedm_sampler_params *p)
{
    return spacing_of(p->discretization)->on_vp;
}

uint32_t cedm_last_level(const cedm_sampler_params *p)
{
    const cedm_solver_facts *facts = cedm_solver_describe(p->solver);

    return facts != NULL && !facts->ends_at_0 ? p->steps : p->steps - 1;
}

/* The ends are given, not computed: a power of a root of sigma_max would
 * miss it by some ulps, and with it a bound such as S_max = sigma_max. */
double cedm_sigma(const cedm_sampler_params *p, uint32_t i)
{
    const spacing *s = spacing_of(p->discretization);
    uint32_t last = cedm_last_level(p);

    if (p->steps == 0 || i > last) {
        return 0;
    }
    if (s->level != NULL) {
        return s->level(p, i, last);
    }
    if (i == 0) {
        return p->sigma_max;
    }
    return i == last ? p->sigma_min : s->between(p, i / (double)last);
}

/* ---- defaults ---------------------------------------------------------- */

cedm_sampler_params
cedm_sampler_params_for(enum cedm_discretization discretization)
{
    const spacing *s = spacing_of(discretization);
    cedm_sampler_params params = {
        .steps = 18,
        .sigma_min = s->sigma_min,
        .sigma_max = s->sigma_max,
        .rho = s->rho,
        .S_max = (double)__builtin_inff(),
        .S_noise = 1,
        .guidance_max = (double)__builtin_inff(),
        .discretization = discretization,
    };

    return params;
}

cedm_sampler_params cedm_sampler_params_default(void)
{
    return cedm_sampler_params_for(CEDM_DISCRETIZATION_edm);
}

cedm_sampler_params cedm_sampler_params_nfe(uint32_t evaluations)
{
    cedm_sampler_params params =
        cedm_sampler_params_for(CEDM_DISCRETIZATION_vpt);

    params.steps = evaluations;
    params.solver = CEDM_SOLVER_ipndm;
    params.order = 3;
    return params;
}
