/* SPDX-License-Identifier: MIT
 *
 * ablation_test.c - the sampler in its general form, [EDM] appendix C:
 * every combination against the formulas in t, written out in long double
 * on a denoiser known in closed form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/expect_status.h"
#include "tests/unit/gaussian_net.h"

typedef long double real;

#define IMAGES 2u
#define STEPS 9u
#define M 1000u /* of iDDPM and VP */

static const uint64_t seeds[IMAGES] = {3, 1 << 20};
static const int32_t clusters[IMAGES] = {2, -1};

static char *words(const cedm_sampler_params *p)
{
    static const char *const solvers[] = {"heun", "euler"};
    static const char *const levels[] = {"edm", "vp",     "ve",  "iddpm",
                                         "vpt", "logsnr", "list"};
    static const char *const schedules[] = {"linear", "vp", "ve"};
    static const char *const scalings[] = {"none", "vp"};
    static char text[80];
    snprintf(text, sizeof text, "%s, levels %s, schedule %s, scaling %s",
             solvers[p->solver], levels[p->discretization],
             schedules[p->schedule], scalings[p->scaling]);
    return text;
}

/* ---- the formulas ------------------------------------------------------ */

static real alpha_bar(uint32_t j)
{
    real sine = sinl(acosl(-1) * j / (2 * M * (0.008L + 1)));
    return sine * sine;
}

/* u_M = 0, u_(j-1) from u_j */
static void iddpm_table(real u[M + 1])
{
    u[M] = 0;
    for (uint32_t j = M; j > 0; j--) {
        real ratio = alpha_bar(j - 1) / alpha_bar(j);
        u[j - 1] = sqrtl((u[j] * u[j] + 1) / fmaxl(ratio, 0.001L) - 1);
    }
}

typedef struct curve {
    const cedm_sampler_params *p;
    real beta_d, beta_min;
} curve;

static curve fitted(const cedm_sampler_params *p)
{
    real low = (real)p->sigma_min, high = (real)p->sigma_max, eps = 1e-3L;
    curve c = {.p = p};
    c.beta_d =
        2 * (log1pl(low * low) / eps - log1pl(high * high)) / (eps - 1);
    c.beta_min = log1pl(high * high) - c.beta_d / 2;
    return c;
}

static real vp_sigma(const curve *c, real t)
{
    return sqrtl(expm1l(c->beta_d * t * t / 2 + c->beta_min * t));
}

static real sigma_of(const curve *c, real t)
{
    return c->p->schedule == CEDM_SCHEDULE_vp   ? vp_sigma(c, t)
           : c->p->schedule == CEDM_SCHEDULE_ve ? sqrtl(t)
                                                : t;
}

static real sigma_inverse(const curve *c, real sigma)
{
    real b = c->beta_min;
    if (c->p->schedule == CEDM_SCHEDULE_vp) {
        return (sqrtl(b * b + 2 * c->beta_d * log1pl(sigma * sigma)) - b) /
               c->beta_d;
    }
    return c->p->schedule == CEDM_SCHEDULE_ve ? sigma * sigma : sigma;
}

static real sigma_slope(const curve *c, real t)
{
    real sigma = sigma_of(c, t);
    return c->p->schedule == CEDM_SCHEDULE_vp
               ? (c->beta_min + c->beta_d * t) / 2 * (sigma + 1 / sigma)
           : c->p->schedule == CEDM_SCHEDULE_ve ? 1 / (2 * sqrtl(t))
                                                : 1;
}

static real s_of(const curve *c, real t)
{
    real sigma = sigma_of(c, t);
    return c->p->scaling == CEDM_SCALING_vp ? 1 / sqrtl(1 + sigma * sigma)
                                            : 1;
}

static real s_slope(const curve *c, real t)
{
    real s = s_of(c, t);
    return c->p->scaling == CEDM_SCALING_vp
               ? -sigma_of(c, t) * sigma_slope(c, t) * s * s * s
               : 0;
}

static real level(const curve *c, uint32_t i)
{
    const cedm_sampler_params *p = c->p;
    real share = p->steps > 1 ? (real)i / (p->steps - 1) : 0;
    real low = (real)p->sigma_min, high = (real)p->sigma_max, u[M + 1];
    uint32_t first = 0, count = 0;
    switch (p->discretization) {
    case CEDM_DISCRETIZATION_vp: return vp_sigma(c, 1 + share * (1e-3L - 1));
    case CEDM_DISCRETIZATION_vpt:
        low = powl(1e-3L, 1 / (real)p->rho);
        return vp_sigma(c, powl(1 + share * (low - 1), (real)p->rho));
    case CEDM_DISCRETIZATION_ve:
    case CEDM_DISCRETIZATION_logsnr:
        return sqrtl(high * high * powl(low * low / (high * high), share));
    case CEDM_DISCRETIZATION_iddpm:
        iddpm_table(u);
        for (uint32_t j = 0; j <= M; j++) {
            if (u[j] >= low && u[j] <= high) {
                first = count == 0 ? j : first;
                count++;
            }
        }
        return u[first + (uint32_t)lrintl((real)(count - 1) * share)];
    case CEDM_DISCRETIZATION_list: return (real)p->sigmas[i];
    case CEDM_DISCRETIZATION_edm:
    default:
        low = powl(low, 1 / (real)p->rho);
        high = powl(high, 1 / (real)p->rho);
        return powl(high + share * (low - high), (real)p->rho);
    }
}

/* ---- networks ---------------------------------------------------------- */

static float table[M + 1];

/* A Gaussian denoiser in the clothes of any preconditioning. */
static gaussian_net *fresh(uint32_t precond)
{
    gaussian_net *g = gaussian_new(CLUSTERS, IMAGES);
    if (g == NULL) {
        fail_msg("no network");
        return NULL;
    }
    g->m.denoiser.precond = g->notes.precond = precond;
    g->m.denoiser.noise_steps = M;
    if (precond == CEDM_PRECOND_VP) {
        g->m.denoiser.beta_d = 19.9;
        g->m.denoiser.beta_min = 0.1;
        g->m.denoiser.sigma_min = 0.0009765625;
        g->m.denoiser.sigma_max = 152.16698;
    } else if (precond == CEDM_PRECOND_VE) {
        g->m.denoiser.sigma_min = 0.02;
        g->m.denoiser.sigma_max = 100;
    } else if (precond == CEDM_PRECOND_IDDPM) {
        real u[M + 1];
        iddpm_table(u);
        for (uint32_t j = 0; j <= M; j++) {
            table[j] = (float)u[j];
        }
        g->net.exec.data = table;
        g->m.denoiser.sigma_min = (double)table[M - 1];
        g->m.denoiser.sigma_max = (double)table[0];
    }
    return g;
}

static real rounded(uint32_t precond, real sigma)
{
    uint32_t best = 0;
    for (uint32_t j = 1; j <= M; j++) {
        if (fabsl((real)table[j] - sigma) <
            fabsl((real)table[best] - sigma)) {
            best = j;
        }
    }
    return precond == CEDM_PRECOND_IDDPM ? (real)table[best] : sigma;
}

/* (s^2 y + sigma^2 mean) / (s^2 + sigma^2) */
static real denoised(real y, real sigma, real mean)
{
    real s2 = (real)(SIGMA_DATA * SIGMA_DATA);
    return (s2 * y + sigma * sigma * mean) / (s2 + sigma * sigma);
}

static real derivative(const curve *c, real x, real t, real mean)
{
    real sigma = sigma_of(c, t), rate = sigma_slope(c, t), s = s_of(c, t);
    return (rate / sigma + s_slope(c, t) / s) * x -
           rate * s / sigma * denoised(x / s, sigma, mean);
}

/* The levels as a network of that preconditioning knows them, then 0. */
static void known_levels(const curve *c, uint32_t precond,
                         real levels[STEPS + 1])
{
    for (uint32_t i = 0; i < c->p->steps; i++) {
        levels[i] = rounded(precond, level(c, i));
    }
    levels[c->p->steps] = 0;
}

/* The whole run for element k, in the reference's order. */
static real reference(const cedm_sampler_params *p, uint32_t precond,
                      const real *levels, uint32_t k)
{
    curve c = fitted(p);
    uint64_t seed = seeds[k / MAP];
    uint64_t element =
        k % MAP_CHANNELS * SIDE * SIDE + k % MAP / MAP_CHANNELS;
    real W = (real)p->guidance;
    real mean = (1 + W) * (real)gaussian_mean(clusters[k / MAP]) -
                W * (real)gaussian_mean(-1);
    real t = sigma_inverse(&c, levels[0]);
    real x = (real)cedm_normal_f32(seed, element, 0) * sigma_of(&c, t) *
             s_of(&c, t);
    for (uint32_t i = 0; i < p->steps; i++) {
        bool last = i == p->steps - 1;
        real next = last ? 0 : sigma_inverse(&c, levels[i + 1]);
        real sigma = sigma_of(&c, t), hat = t;
        if (sigma >= (real)p->S_min && sigma <= (real)p->S_max &&
            p->S_churn > 0) {
            real gamma = fminl((real)p->S_churn / p->steps, sqrtl(2) - 1);
            real up = rounded(precond, sigma + gamma * sigma);
            hat = sigma_inverse(&c, up);
            x = s_of(&c, hat) / s_of(&c, t) * x +
                sqrtl(fmaxl(up * up - sigma * sigma, 0)) * s_of(&c, hat) *
                    (real)p->S_noise *
                    (real)cedm_normal_f64(seed, element, 2 + i);
        }
        real h = next - hat, d = derivative(&c, x, hat, mean);
        if (!last && p->solver == CEDM_SOLVER_heun) {
            d = d / 2 + derivative(&c, x + h * d, next, mean) / 2;
        }
        x += h * d;
        t = next;
    }
    return x;
}

/* ---- every combination ------------------------------------------------- */

static void run_and_compare(gaussian_net *g, cedm_sampler_params p)
{
    cedm_sampler s;
    int passes = g->notes.passes;
    expect_status(cedm_sample_begin(&s, &g->net, &p, seeds, clusters, IMAGES),
                  0);
    for (uint32_t i = 1; i < p.steps; i++) {
        expect_status(cedm_sample_step(&s), CEDM_MORE);
    }
    expect_status(cedm_sample_step(&s), CEDM_OK);
    passes = (g->notes.passes - passes) / (p.guidance != 0 ? 2 : 1);
    assert_int_equal(passes, p.solver == CEDM_SOLVER_heun ? 2 * p.steps - 1
                                                          : p.steps);
    p.sigma_min = fmax(p.sigma_min, g->m.denoiser.sigma_min);
    p.sigma_max = fmin(p.sigma_max, g->m.denoiser.sigma_max);
    real levels[STEPS + 1];
    curve c = fitted(&p);
    known_levels(&c, g->m.denoiser.precond, levels);
    for (uint32_t k = 0; k < IMAGES * MAP; k++) {
        double want = (double)reference(&p, g->m.denoiser.precond, levels, k);
        double got = cedm_sample_state(&s)[k];
        /* levels of the iDDPM table end at 5e-12, see iddpm_levels */
        if (!(fabs(got - want) <= 1e-10 * (1 + fabs(want)))) {
            fail_msg("%s, precond %u, churn %g, %u steps, element %u: got "
                     "%.17g, want %.17g",
                     words(&p), g->m.denoiser.precond, p.S_churn, p.steps, k,
                     got, want);
        }
    }
}

static void every_combination(void **state)
{
    uint32_t runs = 0;
    (void)state;
    for (uint32_t precond = 0; precond <= CEDM_PRECOND_IDDPM; precond++) {
        gaussian_net *g = fresh(precond);
        for (uint32_t k = 0; k < 2 * 2 * 3 * 4; k++) {
            cedm_sampler_params p =
                cedm_sampler_params_for((enum cedm_discretization)(k / 12));
            p.solver = k % 2 ? CEDM_SOLVER_euler : CEDM_SOLVER_heun;
            p.scaling = k / 2 % 2 ? CEDM_SCALING_vp : CEDM_SCALING_none;
            p.schedule = (enum cedm_schedule)(k / 4 % 3);
            p.steps = STEPS;
            run_and_compare(g, p);
            p.S_churn = 2;
            p.S_min = 0.05;
            p.S_max = 50.5;
            p.S_noise = 1.003;
            p.guidance = 1.25;
            run_and_compare(g, p);
            p.steps = 1;
            run_and_compare(g, p);
            runs += 3;
        }
        gaussian_free(g);
    }
    print_message("%u runs\n", runs);
}

/* ---- levels ------------------------------------------------------------ */

static void levels_of_every_discretization(void **state)
{
    static const uint32_t steps[] = {1, 2, 3, 18, 40, 256};
    static const double ranges[][2] = {{0.002, 80}, {0.03, 60.5}};
    (void)state;
    for (uint32_t k = 0; k < 6 * 6 * 3; k++) {
        cedm_sampler_params p =
            cedm_sampler_params_for((enum cedm_discretization)(k / 18));
        if (k % 3 < 2) {
            p.sigma_min = ranges[k % 3][0];
            p.sigma_max = ranges[k % 3][1];
        }
        p.steps = steps[k / 3 % 6];
        curve c = fitted(&p);
        for (uint32_t i = 0; i <= p.steps; i++) {
            double want = i < p.steps ? (double)level(&c, i) : 0;
            double got = cedm_sigma(&p, i);
            /* the sums 1 + u^2 and their like lose bits at the low end */
            if (!(fabs(got - want) <= 1e-11 * want)) {
                fail_msg("%s, level %u of %u: got %.17g, want %.17g",
                         words(&p), i, p.steps, got, want);
            }
        }
    }
}

/* The ends were printed by the reference, whose own table is a recursion in
 * single precision. */
static void iddpm_levels(void **state)
{
    (void)state;
    cedm_sampler_params p =
        cedm_sampler_params_for(CEDM_DISCRETIZATION_iddpm);
    real u[M + 1];
    iddpm_table(u);
    p.sigma_min = 1e-9;
    p.sigma_max = 1e9;
    p.steps = M;
    assert_true(fabs(cedm_sigma(&p, 0) / 20291.145 - 1) < 5e-4);
    assert_true(fabs(cedm_sigma(&p, M - 1) / 0.0064223 - 1) < 5e-4);
    for (uint32_t i = 0; i < M; i++) {
        double got = cedm_sigma(&p, i), want = (double)u[i];
        if (!(fabs(got - want) <= 5e-12 * want)) {
            fail_msg("u[%u]: got %.17g, want %.17g", i, got, want);
        }
    }
    p.steps = 2 * M; /* more than there are: levels are repeated */
    for (uint32_t i = 1; i < 2 * M; i++) {
        assert_true(cedm_sigma(&p, i) <= cedm_sigma(&p, i - 1));
    }
    assert_true(cedm_sigma(&p, 2 * M - 1) > 0);
}

static void default_ranges(void **state)
{
    static const double want[7][2] = {{0.002, 80}, {0.010485993, 152.16697},
                                      {0.02, 100}, {0.002, 81},
                                      {0.002, 80}, {0.002, 80},
                                      {0.002, 80}};
    (void)state;
    for (uint32_t k = 0; k < 7; k++) {
        cedm_sampler_params p =
            cedm_sampler_params_for((enum cedm_discretization)k);
        assert_int_equal(p.discretization, k);
        assert_int_equal(p.steps, 18);
        assert_true(p.rho == (k == CEDM_DISCRETIZATION_vpt ? 2 : 7));
        assert_true(fabs(p.sigma_min - want[k][0]) <= 1e-6 * want[k][0]);
        assert_true(fabs(p.sigma_max - want[k][1]) <= 1e-6 * want[k][1]);
    }
}

/* ---- orders ------------------------------------------------------------ */

/* Largest error of x / s at sigma_min against the ODE's exact solution. */
static double error_of(gaussian_net *g, const cedm_sampler_params *p)
{
    curve c = fitted(p);
    real s2 = (real)(SIGMA_DATA * SIGMA_DATA);
    real from = (real)p->sigma_max, to = (real)p->sigma_min;
    real s_from = s_of(&c, sigma_inverse(&c, from));
    real s_to = s_of(&c, sigma_inverse(&c, to));
    double start[MAP], worst = 0;
    cedm_sampler s;
    expect_status(cedm_sample_begin(&s, &g->net, p, seeds, clusters, 1), 0);
    memcpy(start, cedm_sample_state(&s), sizeof start);
    for (uint32_t i = 1; i < p->steps; i++) {
        expect_status(cedm_sample_step(&s), CEDM_MORE);
    }
    for (uint32_t k = 0; k < MAP; k++) {
        real mean = (real)gaussian_mean(clusters[0]);
        real want = mean + ((real)start[k] / s_from - mean) *
                               sqrtl((s2 + to * to) / (s2 + from * from));
        real got = (real)cedm_sample_state(&s)[k] / s_to;
        worst = fmax(worst, (double)fabsl(got - want));
    }
    return worst;
}

/* Twice the steps: half of Euler's error, a quarter of Heun's. */
static void orders_of_the_solvers(void **state)
{
    (void)state;
    gaussian_net *g = fresh(CEDM_PRECOND_EDM);
    for (uint32_t k = 0; k < 2 * 2 * 3; k++) {
        cedm_sampler_params p = cedm_sampler_params_default();
        p.solver = k % 2 ? CEDM_SOLVER_euler : CEDM_SOLVER_heun;
        p.scaling = k / 2 % 2 ? CEDM_SCALING_vp : CEDM_SCALING_none;
        p.schedule = (enum cedm_schedule)(k / 4);
        p.sigma_max = 20;
        double order = k % 2 ? 1 : 2, last = 0;
        for (p.steps = 257; p.steps <= 1025; p.steps = 2 * p.steps - 1) {
            double error = error_of(g, &p);
            if (last != 0) {
                print_message("%s, %u steps: order %.3f\n", words(&p),
                              p.steps, log2(last / error));
                assert_true(fabs(log2(last / error) - order) < 0.1);
            }
            last = error;
        }
    }
    gaussian_free(g);
}

/* ---- statuses ---------------------------------------------------------- */

static void refused(void **state)
{
    (void)state;
    gaussian_net *g = fresh(CEDM_PRECOND_EDM);
    cedm_sampler s;
    const cedm_sampler_params ok = cedm_sampler_params_default();
    cedm_sampler_params p;
#define REFUSE(member, value)                                                \
    p = ok;                                                                  \
    p.member = (value);                                                      \
    expect_status(cedm_sample_begin(&s, &g->net, &p, seeds, clusters, 1),    \
                  CEDM_E_PARAM)
    REFUSE(solver, (enum cedm_solver)99);
    REFUSE(discretization, (enum cedm_discretization)99);
    REFUSE(schedule, (enum cedm_schedule)3);
    REFUSE(scaling, (enum cedm_scaling)2);
#undef REFUSE
    /* no VP curve falls from 2 to 1 between t = 1 and 0.001 */
    for (int curve_of = 0; curve_of < 3; curve_of++) {
        p = ok;
        p.sigma_min = 1;
        p.sigma_max = 2;
        p.schedule = curve_of == 1 ? CEDM_SCHEDULE_vp : CEDM_SCHEDULE_linear;
        p.discretization =
            curve_of == 2 ? CEDM_DISCRETIZATION_vp : CEDM_DISCRETIZATION_edm;
        expect_status(cedm_sample_begin(&s, &g->net, &p, seeds, clusters, 1),
                      curve_of == 0 ? CEDM_OK : CEDM_E_PARAM);
    }
    /* no level of the table lies in the range */
    p = cedm_sampler_params_for(CEDM_DISCRETIZATION_iddpm);
    p.sigma_min = p.sigma_max = 80;
    expect_status(cedm_sample_begin(&s, &g->net, &p, seeds, clusters, 1),
                  CEDM_E_PARAM);
    /* sigma^2, the time of the VE schedule, overflows */
    p = ok;
    p.schedule = CEDM_SCHEDULE_ve;
    p.sigma_max = 1e200;
    expect_status(cedm_sample_begin(&s, &g->net, &p, seeds, clusters, 1),
                  CEDM_E_PARAM);
    assert_int_equal(g->notes.passes, 0);
    gaussian_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination),
        cmocka_unit_test(levels_of_every_discretization),
        cmocka_unit_test(iddpm_levels),
        cmocka_unit_test(default_ranges),
        cmocka_unit_test(orders_of_the_solvers),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests_name("ablation", tests, NULL, NULL);
}
