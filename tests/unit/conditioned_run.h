/* SPDX-License-Identifier: MIT
 *
 * conditioned_run.h - runs that are given something beside seeds and clusters,
 * on a network whose D is known. */
#ifndef CEDM_TEST_CONDITIONED_RUN_H
#define CEDM_TEST_CONDITIONED_RUN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/gaussian_net.h"

#define IMAGES 3u
#define PIXELS (SIDE * SIDE)
#define STEPS 9u

static const uint64_t seeds[IMAGES] = {3, 14, 92};
static const uint64_t others[IMAGES] = {65, (uint64_t)1 << 32 | 14, 5};
static const int32_t clusters[IMAGES] = {0, 2, -1};
static const int32_t goals[IMAGES] = {1, 1, 2};

static uint8_t image[IMAGES * MAP], mask[IMAGES * PIXELS];

static inline gaussian_net *fresh(void)
{
    gaussian_net *g = gaussian_new(CLUSTERS, IMAGES);
    if (g == NULL) {
        fail_msg("no network");
    }
    return g;
}

static inline int make_images(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < IMAGES * MAP; i++) {
        image[i] = (uint8_t)(i * 37);
    }
    for (uint32_t i = 0; i < IMAGES * PIXELS; i++) {
        mask[i] = (uint8_t)(i % 3 == 0 ? 255 : i % 3 == 1 ? 0 : 10 * i);
    }
    return 0;
}

static inline void expect(cedm_status got, cedm_status want)
{
    if (got != want) {
        fail_msg("status: got %d (%s), want %d", (int)got,
                 cedm_status_text(got), (int)want);
    }
}

static inline cedm_sampler_params params_of(enum cedm_solver solver)
{
    cedm_sampler_params p = cedm_sampler_params_default();
    p.solver = solver;
    p.steps = STEPS;
    return p;
}

static inline void begin(cedm_sampler *s, gaussian_net *g,
                         const cedm_sampler_params *p)
{
    expect(cedm_sample_begin(s, &g->net, p, seeds, clusters, IMAGES), 0);
}

static inline void finish(cedm_sampler *s)
{
    cedm_status status = CEDM_MORE;
    while (status == CEDM_MORE) {
        status = cedm_sample_step(s);
    }
    expect(status, CEDM_OK);
}

/* The state after a run without anything besides. */
static inline void plain(const cedm_sampler_params *p, double *x)
{
    gaussian_net *g = fresh();
    cedm_sampler s;
    begin(&s, g, p);
    finish(&s);
    memcpy(x, cedm_sample_state(&s), IMAGES * MAP * sizeof *x);
    gaussian_free(g);
}

static inline void expect_same(const cedm_sampler *s, const double *want)
{
    assert_memory_equal(cedm_sample_state(s), want,
                        IMAGES * MAP * sizeof *want);
}

/* Rounding of a few dozen operations in float64, on values up to 80. */
static inline void expect_near(const cedm_sampler *s, const double *want)
{
    for (uint32_t i = 0; i < IMAGES * MAP; i++) {
        double got = cedm_sample_state(s)[i];
        if (!(fabs(got - want[i]) <= 1e-11 * (1 + fabs(want[i])))) {
            fail_msg("element %u: got %.17g, want %.17g", i, got, want[i]);
        }
    }
}

/* ---- formulas ----------------------------------------------------------- */

static inline double known_d(double x, double sigma, double mean)
{
    double s2 = SIGMA_DATA * SIGMA_DATA, t2 = sigma * sigma;
    return (s2 * x + t2 * mean) / (s2 + t2);
}

/* Element i of a draw, as runs have it. */
static inline double noise(uint32_t i, uint64_t seed, uint32_t draw)
{
    uint64_t e = i % MAP_CHANNELS * PIXELS + i % MAP / MAP_CHANNELS;
    return draw == 0 ? (double)cedm_normal_f32(seed, e, 0)
                     : cedm_normal_f64(seed, e, draw);
}

/* Euler's method on D = known_d(x, sigma, mean(i, sigma)). */
typedef double mean_at(uint32_t i, double sigma);

static inline void euler(const cedm_sampler_params *p, mean_at *mean,
                         double *x)
{
    for (uint32_t k = p->start; k < p->steps; k++) {
        double sigma = cedm_sigma(p, k), next = cedm_sigma(p, k + 1);
        for (uint32_t i = 0; i < IMAGES * MAP; i++) {
            double d = known_d(x[i], sigma, mean(i, sigma));
            x[i] += (next - sigma) * (x[i] - d) / sigma;
        }
    }
}

static inline void latents(const cedm_sampler_params *p, double *x)
{
    for (uint32_t i = 0; i < IMAGES * MAP; i++) {
        x[i] = cedm_sigma(p, p->start) * noise(i, seeds[i / MAP], 0);
    }
}

static inline double plain_mean(uint32_t i, double sigma)
{
    (void)sigma;
    return gaussian_mean(clusters[i / MAP]);
}

/* ---- values that tests share -------------------------------------------- */

#define W 1.5 /* of guidance, and the levels where it counts */
#define LOW 0.3
#define HIGH 9.0

static inline cedm_sampler_params churning(void)
{
    cedm_sampler_params p = params_of(CEDM_SOLVER_heun);
    p.S_churn = 4;
    p.guidance = W;
    return p;
}

#endif
