/* SPDX-License-Identifier: MIT
 *
 * solver_test.c - multistep solvers against their formulas, written out in
 * long double with every old point at hand, on denoisers known in closed
 * form: numbers, orders, what goes together. */
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
#define MOST_STEPS 4096

static const uint64_t seeds[IMAGES] = {3, 1 << 20};
static const int32_t clusters[IMAGES] = {2, -1};

/* ---- denoisers --------------------------------------------------------- */

/* One Gaussian, whose ODE is linear, or a mixture, in every pixel. */
typedef struct mixture {
    uint32_t count;
    real share[3], mean[3], deviation[3];
} mixture;

static const mixture single = {1, {1}, {0.25L}, {0.5L}};
static const mixture three = {
    3, {0.5L, 0.3L, 0.2L}, {-0.7L, 0.1L, 0.8L}, {0.2L, 0.3L, 0.25L}};

/* The posterior's mean, of all components by their likelihoods. */
static real denoised(const mixture *m, real x, real sigma)
{
    real sum = 0, total = 0;
    for (uint32_t k = 0; k < m->count; k++) {
        real v = m->deviation[k] * m->deviation[k] + sigma * sigma;
        real away = x - m->mean[k];
        real weight = m->share[k] / sqrtl(v) * expl(-away * away / (2 * v));
        sum += weight * (x - sigma * sigma / v * away);
        total += weight;
    }
    return sum / total;
}

static const mixture *shown; /* by the network below */

/* With VE's preconditioning c_out is sigma. */
static void mixture_unload(cedm_exec *exec, const cedm_unload *op)
{
    (void)exec;
    for (uint32_t i = 0; i < op->n * MAP; i++) {
        op->dst[i] =
            (double)denoised(shown, (real)op->x[i], (real)op->c_out[i / MAP]);
    }
}

static gaussian_net *fresh(const mixture *m)
{
    static cedm_sampler_ops ops;
    gaussian_net *g = gaussian_new(CLUSTERS, IMAGES);
    if (g == NULL) {
        fail_msg("no network");
        return NULL;
    }
    ops = gaussian_sampler;
    ops.unload = mixture_unload;
    g->net.sampler_ops = &ops;
    g->m.denoiser.precond = CEDM_PRECOND_VE;
    shown = m;
    return g;
}

/* ---- the formulas ------------------------------------------------------ */

/* A run of one element: what a formula may look back at. */
typedef struct path {
    const mixture *m;
    const real *sigma; /* steps + 1 levels */
    uint32_t steps, order;
    real low, high; /* the range */
    real x;
    real D[MOST_STEPS], d[MOST_STEPS];
} path;

typedef void formula(path *p, uint32_t i);

static void look(path *p, uint32_t i)
{
    p->D[i] = denoised(p->m, p->x, p->sigma[i]);
    p->d[i] = (p->x - p->D[i]) / p->sigma[i];
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static void ipndm(path *p, uint32_t i)
{
    look(p, i);
    real h = p->sigma[i + 1] - p->sigma[i];
    const real *d = p->d + i;
    switch (least(p->order, i + 1)) {
    case 1: p->x += h * d[0]; break;
    case 2: p->x += h * (3 * d[0] - d[-1]) / 2; break;
    default: p->x += h * (23 * d[0] - 16 * d[-1] + 5 * d[-2]) / 12;
    }
}

/* l_k(at) through the nodes. */
static real lagrange(const real *node, uint32_t count, uint32_t k, real at)
{
    real l = 1;
    for (uint32_t m = 0; m < count; m++) {
        l *= m == k ? 1 : (at - node[m]) / (node[k] - node[m]);
    }
    return l;
}

/* With the differences D1 and D2 of the authors' program. */
static void dpmpp(path *p, uint32_t i)
{
    look(p, i);
    const real *sigma = p->sigma + i, *D = p->D + i;
    uint32_t points = least(least(p->order, i + 1), p->steps - i);
    real h = logl(sigma[0] / sigma[1]), phi_1 = expm1l(-h);
    p->x = sigma[1] / sigma[0] * p->x - phi_1 * D[0];
    if (points == 1) {
        return;
    }
    real r0 = logl(sigma[-1] / sigma[0]) / h, a = (D[0] - D[-1]) / r0;
    if (points == 2) {
        p->x -= phi_1 * a / 2;
        return;
    }
    real r1 = logl(sigma[-2] / sigma[-1]) / h, b = (D[-1] - D[-2]) / r1;
    real D1 = a + r0 / (r0 + r1) * (a - b), D2 = (a - b) / (r0 + r1);
    real phi_2 = phi_1 / h + 1, phi_3 = phi_2 / h - 0.5L;
    p->x += phi_2 * D1 - phi_3 * D2;
}

/* Predicts and corrects, with the corrected point kept. */
static void unipc(path *p, uint32_t i)
{
    if (i == 0) {
        look(p, 0);
    }
    real h = logl(p->sigma[i] / p->sigma[i + 1]), B = expm1l(-h);
    real base = p->sigma[i + 1] / p->sigma[i] * p->x - B * p->D[i];
    if (i == p->steps - 1) {
        p->x = base;
        return;
    }
    real difference = 0, P = 0, q = 0.5L;
    if (i > 0 && p->order == 2) {
        real r = logl(p->sigma[i] / p->sigma[i - 1]) / h;
        real phi = -B / h - 1, b1 = phi / B;
        real b2 = 2 * (-phi / h - 0.5L) / B;
        difference = (p->D[i - 1] - p->D[i]) / r;
        q = (b2 - r * b1) / (1 - r);
        P = b1 - q;
    }
    p->x = base - B * difference / 2;
    look(p, i + 1);
    p->x = base - B * (P * difference + q * (p->D[i + 1] - p->D[i]));
}

/* The VP curve's time of a level. */
static real vp_time(const path *p, real sigma)
{
    real eps = 1e-3L, low = log1pl(p->low * p->low);
    real high = log1pl(p->high * p->high);
    real a = 2 * (low / eps - high) / (eps - 1), b = high - a / 2;
    return (sqrtl(b * b + 2 * a * log1pl(sigma * sigma)) - b) / a;
}

/* Integrals over sigma by Simpson's rule in its logarithm. */
static void deis(path *p, uint32_t i)
{
    enum { PARTS = 2000 };
    look(p, i);
    uint32_t points = least(p->order, i + 1);
    real node[3], from = logl(p->sigma[i]);
    real h = (logl(p->sigma[i + 1]) - from) / PARTS, sum = 0;
    for (uint32_t k = 0; k < points; k++) {
        node[k] = vp_time(p, p->sigma[i - k]);
    }
    for (uint32_t part = 0; part <= PARTS; part++) {
        real sigma = expl(from + h * part), t = vp_time(p, sigma);
        real weight = part == 0 || part == PARTS ? 1 : part % 2 ? 4 : 2;
        for (uint32_t k = 0; k < points; k++) {
            sum += weight * h / 3 * sigma * p->d[i - k] *
                   lagrange(node, points, k, t);
        }
    }
    p->x += sum;
}

/* ---- rows: one for each solver and order ------------------------------- */

/* `shows` is the order by which errors fall on levels evenly spaced in what
 * the solver counts in: sigma, or its logarithm.  UniPC's corrector adds one
 * to the order of its predictor; dpmpp has half of a term of third order. */
static const struct row {
    enum cedm_solver solver;
    uint32_t order;
    formula *run;
    bool in_sigma;
    double shows;
} rows[] = {
    {CEDM_SOLVER_ipndm, 1, ipndm, true, 1},
    {CEDM_SOLVER_ipndm, 2, ipndm, true, 2},
    {CEDM_SOLVER_ipndm, 3, ipndm, true, 3},
    {CEDM_SOLVER_dpmpp, 1, dpmpp, false, 1},
    {CEDM_SOLVER_dpmpp, 2, dpmpp, false, 2},
    {CEDM_SOLVER_dpmpp, 3, dpmpp, false, 2},
    {CEDM_SOLVER_unipc, 1, unipc, false, 2},
    {CEDM_SOLVER_unipc, 2, unipc, false, 3},
    {CEDM_SOLVER_deis, 1, deis, false, 1},
    {CEDM_SOLVER_deis, 2, deis, false, 2},
    {CEDM_SOLVER_deis, 3, deis, false, 3},
};
#define ROWS (sizeof rows / sizeof rows[0])

static const char *name(const struct row *row)
{
    static char text[32];
    snprintf(text, sizeof text, "%s-%u",
             cedm_solver_describe(row->solver)->word, row->order);
    return text;
}

static cedm_sampler_params params_of(const struct row *row)
{
    cedm_sampler_params p = cedm_sampler_params_default();
    p.solver = row->solver;
    p.order = row->order;
    return p;
}

/* A run from the seeds' latents, or from `start`, whose status is checked;
 * the latents as they were. */
static void run(gaussian_net *g, const cedm_sampler_params *p, double *start,
                bool set_start)
{
    cedm_sampler s;
    expect_status(cedm_sample_begin(&s, &g->net, p, seeds, clusters, IMAGES),
                  0);
    if (set_start) {
        memcpy(g->net.state[0], start, IMAGES * MAP * sizeof *start);
    }
    memcpy(start, g->net.state[0], IMAGES * MAP * sizeof *start);
    for (uint32_t i = 1; i < p->steps; i++) {
        expect_status(cedm_sample_step(&s), CEDM_MORE);
    }
    expect_status(cedm_sample_step(&s), CEDM_OK);
}

static real follow(const struct row *row, const cedm_sampler_params *p,
                   const mixture *m, double start)
{
    static real sigma[MOST_STEPS + 1];
    static path at;
    at.m = m;
    at.sigma = sigma;
    at.steps = p->steps;
    at.order = row->order;
    for (uint32_t i = 0; i <= p->steps; i++) {
        sigma[i] = (real)cedm_sigma(p, i);
    }
    bool list = p->discretization == CEDM_DISCRETIZATION_list;
    at.high = list ? sigma[0] : (real)p->sigma_max;
    at.low = list ? sigma[p->steps] : (real)p->sigma_min;
    at.x = (real)start;
    for (uint32_t i = 0; i < p->steps; i++) {
        row->run(&at, i);
    }
    return at.x;
}

/* ---- tests ------------------------------------------------------------- */

/* A solver of the table that nobody wrote a formula for is no solver. */
static void every_solver_has_its_rows(void **state)
{
    (void)state;
    const cedm_solver_facts *facts;
    for (uint32_t s = 0;
         (facts = cedm_solver_describe((enum cedm_solver)s)) != NULL; s++) {
        uint32_t count = 0;
        for (size_t k = 0; k < ROWS; k++) {
            count += rows[k].solver == s;
        }
        if (count != (facts->general ? 0 : facts->most - facts->least + 1)) {
            fail_msg("%s has %u rows, orders %u to %u", facts->word, count,
                     facts->least, facts->most);
        }
    }
}

/* Every row on every spacing, few steps and many. */
static void formulas(void **state)
{
    static const uint32_t steps[] = {1, 2, 3, 4, 8, 21};
    static const double list[] = {80, 30, 9, 4, 2, 1, .5, .1, .01};
    (void)state;
    for (size_t k = 0; k < ROWS * 7 * 6 * 2; k++) {
        const struct row *row = &rows[k / (7 * 6 * 2)];
        const mixture *m = k % 2 ? &three : &single;
        gaussian_net *g = fresh(m);
        cedm_sampler_params p =
            cedm_sampler_params_for((enum cedm_discretization)(k / 12 % 7));
        double start[IMAGES * MAP];
        p.solver = row->solver;
        p.order = row->order;
        p.steps = steps[k / 2 % 6];
        if (p.discretization == CEDM_DISCRETIZATION_list) {
            p.sigmas = list;
            p.steps = 8; /* deis needs a range that a VP curve fits */
        }
        run(g, &p, start, false);
        assert_int_equal(g->notes.passes, p.steps);
        for (uint32_t i = 0; i < IMAGES * MAP; i += 13) {
            double got = g->net.state[0][i];
            double want = (double)follow(row, &p, m, start[i]);
            /* extrapolation over few levels multiplies rounding */
            if (!(fabs(got - want) <= 1e-8 * (1 + fabs(want)))) {
                fail_msg("%s, levels %d, %u steps, element %u: got %.17g, "
                         "want %.17g",
                         name(row), (int)p.discretization, p.steps, i, got,
                         want);
            }
        }
        gaussian_free(g);
    }
}

/* The solution at the lowest level: in closed form, or Heun's with 16384
 * steps, whose error is 1e-8. */
static void solve(const mixture *m, const double *start, double high,
                  double low, double *x)
{
    for (uint32_t i = 0; i < IMAGES * MAP; i++) {
        real v = (real)start[i];
        real top = sqrtl((real)high), bottom = sqrtl((real)low);
        for (uint32_t k = 0; k < 16384; k++) {
            real t = top + (bottom - top) * k / 16384, sigma = t * t;
            real u = top + (bottom - top) * (k + 1) / 16384, next = u * u;
            real d = (v - denoised(m, v, sigma)) / sigma;
            real y = v + (next - sigma) * d;
            real e = (y - denoised(m, y, next)) / next;
            v += (next - sigma) * (d + e) / 2;
        }
        x[i] = (double)v;
    }
}

static double furthest(const double *a, const double *b)
{
    double most = 0;
    for (uint32_t i = 0; i < IMAGES * MAP; i++) {
        most = fmax(most, fabs(a[i] - b[i]));
    }
    return most;
}

/* Twice the steps divide the error by 2^order.  Runs start at a level where
 * the slope hardly bends, so that the first steps, which know too few points,
 * do not show. */
static void orders(void **state)
{
    static double levels[MOST_STEPS + 1], want[2][IMAGES * MAP];
    (void)state;
    for (size_t k = 0; k < 2 * ROWS; k++) {
        const struct row *row = &rows[k / 2];
        const mixture *m = k % 2 ? &three : &single;
        gaussian_net *g = fresh(m);
        cedm_sampler_params p = params_of(row);
        double high = 40, low = 0.002, start[IMAGES * MAP], last = 0;
        double order = 0;
        for (uint32_t i = 0; i < IMAGES * MAP; i++) {
            start[i] = high * (i / (double)(IMAGES * MAP) - 0.5);
        }
        if (k < 2) {
            solve(m, start, high, low, want[k]);
        }
        p.discretization = CEDM_DISCRETIZATION_list;
        p.sigmas = levels;
        uint32_t first = row->in_sigma ? 1024 : 64;
        for (p.steps = first; p.steps <= 4 * first; p.steps *= 2) {
            for (uint32_t i = 0; i <= p.steps; i++) {
                double share = i / (double)p.steps;
                levels[i] = row->in_sigma ? high + share * (low - high)
                                          : high * pow(low / high, share);
            }
            run(g, &p, start, true);
            double error = furthest(g->net.state[0], want[k % 2]);
            order = last > 0 ? log2(last / error) : 0;
            last = error;
        }
        print_message("%s, %s: error %.3g, order %.2f\n", name(row),
                      k % 2 ? "three" : "single", last, order);
        if (!(order > row->shows - 0.3 && order < row->shows + 0.6)) {
            fail_msg("%s: order %.2f, wanted %g", name(row), order,
                     row->shows);
        }
        gaussian_free(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_solver_has_its_rows),
        cmocka_unit_test(formulas),
        cmocka_unit_test(orders),
    };
    return cmocka_run_group_tests_name("solvers", tests, NULL, NULL);
}
