/* SPDX-License-Identifier: MIT
 *
 * noise_level_test.c - preconditioning and features against MPFR. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <mpfr.h>

#include "runtime/noise_level.h"

#define BITS 2200 /* squares of 1e-300 beside squares of 1e300 */
#define CHANNELS 64u

static void near(const char *what, double sigma, double got,
                 const mpfr_t exact)
{
    double want = mpfr_get_d(exact, MPFR_RNDN);
    double slack = 4 * DBL_EPSILON * fabs(want) + 0x1p-1074;
    if (!(fabs(got - want) <= slack)) {
        fail_msg("%s(%a): got %a, want %a", what, sigma, got, want);
    }
}

/* Table 1 of [EDM], squares and all. */
static void check_scalings(double sigma_data, double sigma)
{
    mpfr_t s, d, sum, r;
    mpfr_inits2(BITS, s, d, sum, r, (mpfr_ptr)0);
    mpfr_set_d(s, sigma, MPFR_RNDN);
    mpfr_set_d(d, sigma_data, MPFR_RNDN);
    mpfr_sqr(sum, s, MPFR_RNDN);
    mpfr_sqr(r, d, MPFR_RNDN);
    mpfr_add(sum, sum, r, MPFR_RNDN);
    cedm_denoiser denoiser = {.sigma_data = sigma_data};
    cedm_scalings got = cedm_precondition(&denoiser, NULL, sigma);
    mpfr_div(r, r, sum, MPFR_RNDN);
    near("c_skip", sigma, got.c_skip, r);
    mpfr_sqrt(sum, sum, MPFR_RNDN);
    mpfr_mul(r, s, d, MPFR_RNDN);
    mpfr_div(r, r, sum, MPFR_RNDN);
    near("c_out", sigma, got.c_out, r);
    mpfr_ui_div(r, 1, sum, MPFR_RNDN);
    near("c_in", sigma, got.c_in, r);
    mpfr_log(r, s, MPFR_RNDN);
    mpfr_div_ui(r, r, 4, MPFR_RNDN);
    near("c_noise", sigma, got.c_noise, r);
    mpfr_clears(s, d, sum, r, (mpfr_ptr)0);
}

static void scalings(void **state)
{
    (void)state;
    for (double sigma = 1e-300; sigma < 1e300; sigma *= 1.7) {
        check_scalings(0.5, sigma);
        check_scalings(1, sigma);
    }
    for (double sigma = 0.002; sigma < 80; sigma *= 1.001) {
        check_scalings(0.5, sigma);
    }
}

/* ---- the other columns ------------------------------------------------- */

/* 1 / sqrt(sigma^2 + 1), of VP and iDDPM */
static void check_c_in(double sigma, double got)
{
    mpfr_t r;
    mpfr_init2(r, BITS);
    mpfr_set_d(r, sigma, MPFR_RNDN);
    mpfr_sqr(r, r, MPFR_RNDN);
    mpfr_add_ui(r, r, 1, MPFR_RNDN);
    mpfr_rec_sqrt(r, r, MPFR_RNDN);
    near("c_in", sigma, got, r);
    mpfr_clear(r);
}

/* (sqrt(beta_min^2 + 2 beta_d ln(1 + sigma^2)) - beta_min) / beta_d */
static void exact_time(mpfr_t r, double beta_d, double beta_min, double sigma)
{
    mpfr_t b;
    mpfr_init2(b, BITS);
    mpfr_set_d(r, sigma, MPFR_RNDN);
    mpfr_sqr(r, r, MPFR_RNDN);
    mpfr_log1p(r, r, MPFR_RNDN);
    mpfr_mul_2ui(r, r, 1, MPFR_RNDN);
    mpfr_mul_d(r, r, beta_d, MPFR_RNDN);
    mpfr_set_d(b, beta_min, MPFR_RNDN);
    mpfr_sqr(b, b, MPFR_RNDN);
    mpfr_add(r, r, b, MPFR_RNDN);
    mpfr_sqrt(r, r, MPFR_RNDN);
    mpfr_sub_d(r, r, beta_min, MPFR_RNDN);
    mpfr_div_d(r, r, beta_d, MPFR_RNDN);
    mpfr_clear(b);
}

/* sqrt(exp(beta_d t^2 / 2 + beta_min t) - 1) */
static void exact_sigma(mpfr_t r, double beta_d, double beta_min, double t)
{
    mpfr_set_d(r, beta_d, MPFR_RNDN);
    mpfr_mul_d(r, r, t, MPFR_RNDN);
    mpfr_div_2ui(r, r, 1, MPFR_RNDN);
    mpfr_add_d(r, r, beta_min, MPFR_RNDN);
    mpfr_mul_d(r, r, t, MPFR_RNDN);
    mpfr_expm1(r, r, MPFR_RNDN);
    mpfr_sqrt(r, r, MPFR_RNDN);
}

static const double betas[][2] = {{19.9, 0.1}, {17.5, -0.0044}, {40, 0}};

static void vp_curve(void **state)
{
    (void)state;
    mpfr_t exact;
    mpfr_init2(exact, BITS);
    for (size_t b = 0; b < 3; b++) {
        double d = betas[b][0], min = betas[b][1];
        for (double sigma = 1e-6; sigma < 1e200; sigma *= 1.13) {
            exact_time(exact, d, min, sigma);
            near("time", sigma, cedm_vp_time(d, min, sigma), exact);
        }
        /* the exponent is computed with an error of an ulp, and up to 80
         * times that is the error of its exponential */
        for (double t = 1e-3; t < 2; t *= 1.01) {
            exact_sigma(exact, d, min, t);
            double want = mpfr_get_d(exact, MPFR_RNDN);
            double got = cedm_vp_sigma(d, min, t);
            double slack = (8 + d * t * t) * DBL_EPSILON * want;
            if (min < 0) { /* the exponent's own terms cancel */
                slack *= 2 + d * t / fabs(d * t / 2 + min);
            }
            if (!(fabs(got - want) <= slack)) {
                fail_msg("sigma(%g): got %.17g, want %.17g", t, got, want);
            }
        }
    }
    mpfr_clear(exact);
    /* printed by the reference, in single precision */
    assert_true(fabs(cedm_vp_sigma(19.9, 0.1, 1) - 152.16698) < 5e-5);
    assert_true(cedm_vp_sigma(19.9, 0.1, 1000) > 1e308); /* no NaN */
}

static void vp_scalings(void **state)
{
    (void)state;
    cedm_denoiser denoiser = {.precond = CEDM_PRECOND_VP,
                              .beta_d = 19.9,
                              .beta_min = 0.1,
                              .noise_steps = 1000};
    mpfr_t r;
    mpfr_init2(r, BITS);
    for (double sigma = 1e-4; sigma < 1e4; sigma *= 1.007) {
        cedm_scalings got = cedm_precondition(&denoiser, NULL, sigma);
        assert_true(got.c_skip == 1 && got.c_out == -sigma);
        check_c_in(sigma, got.c_in);
        exact_time(r, 19.9, 0.1, sigma);
        mpfr_mul_ui(r, r, 999, MPFR_RNDN);
        near("c_noise", sigma, got.c_noise, r);
        assert_true(cedm_round_sigma(&denoiser, NULL, sigma) == sigma);
    }
    mpfr_clear(r);
}

static void ve_scalings(void **state)
{
    (void)state;
    cedm_denoiser denoiser = {.precond = CEDM_PRECOND_VE};
    mpfr_t r;
    mpfr_init2(r, BITS);
    for (double sigma = 1e-4; sigma < 1e4; sigma *= 1.007) {
        cedm_scalings got = cedm_precondition(&denoiser, NULL, sigma);
        assert_true(got.c_skip == 1 && got.c_out == sigma && got.c_in == 1);
        mpfr_set_d(r, sigma / 2, MPFR_RNDN);
        mpfr_log(r, r, MPFR_RNDN);
        near("c_noise", sigma, got.c_noise, r);
        assert_true(cedm_round_sigma(&denoiser, NULL, sigma) == sigma);
    }
    mpfr_clear(r);
}

/* The first of the nearest, by looking at all. */
static uint32_t nearest_of_all(const float *u, uint32_t count, double sigma)
{
    uint32_t best = 0;
    for (uint32_t j = 1; j < count; j++) {
        if (fabs((double)u[j] - sigma) < fabs((double)u[best] - sigma)) {
            best = j;
        }
    }
    return best;
}

static void iddpm_scalings(void **state)
{
    enum { AT = 5, LAST = 23 };
    float data[AT + LAST + 1] = {0};
    cedm_denoiser denoiser = {.precond = CEDM_PRECOND_IDDPM,
                              .noise_levels = AT,
                              .noise_steps = LAST};
    (void)state;
    for (uint32_t j = 0; j < LAST; j++) { /* exact midpoints between them */
        data[AT + j] = ldexpf(1 + (float)(j % 3) / 4, 8 - (int)j);
    }
    for (double sigma = 1e-6; sigma < 1e3; sigma *= 1.003) {
        uint32_t j = nearest_of_all(data + AT, LAST + 1, sigma);
        cedm_scalings got = cedm_precondition(&denoiser, data, sigma);
        assert_true(got.c_skip == 1 && got.c_out == -sigma);
        check_c_in(sigma, got.c_in);
        if (!(got.c_noise == LAST - 1 - (double)j)) {
            fail_msg("c_noise(%g): got %g, want %g", sigma, got.c_noise,
                     LAST - 1 - (double)j);
        }
        assert_true(cedm_round_sigma(&denoiser, data, sigma) ==
                    (double)data[AT + j]);
    }
    for (uint32_t j = 0; j < LAST; j++) {
        double high = (double)data[AT + j], low = (double)data[AT + j + 1];
        double middle = (high + low) / 2;
        assert_true(cedm_round_sigma(&denoiser, data, high) == high);
        assert_true(cedm_round_sigma(&denoiser, data, middle) == high);
        assert_true(cedm_round_sigma(&denoiser, data, nextafter(middle, 0)) ==
                    low);
    }
}

/* ---- features ---------------------------------------------------------- */

/* Feature i of a kind in MPFR, rounded once. */
static float exact_feature(const cedm_features *f, const float *data,
                           double c_noise, uint32_t i)
{
    uint32_t half = f->channels / 2, k = i % half;
    int sine = (i < half) == (f->swap == 1);
    mpfr_t r, e;
    mpfr_inits2(200, r, e, (mpfr_ptr)0);
    if (f->kind == CEDM_FEATURES_FOURIER) {
        mpfr_const_pi(r, MPFR_RNDN);
        mpfr_mul_2ui(r, r, 1, MPFR_RNDN);
        mpfr_mul_d(r, r, (double)data[f->freqs + k], MPFR_RNDN);
    } else if (k == 0) {
        mpfr_set_ui(r, 1, MPFR_RNDN);
    } else {
        mpfr_set_si(e, -(long)k, MPFR_RNDN);
        mpfr_div_ui(e, e, half - f->endpoint, MPFR_RNDN);
        mpfr_set_ui(r, 10000, MPFR_RNDN);
        mpfr_pow(r, r, e, MPFR_RNDN);
    }
    mpfr_mul_d(r, r, c_noise, MPFR_RNDN);
    if (sine) {
        mpfr_sin(r, r, MPFR_RNDN);
    } else {
        mpfr_cos(r, r, MPFR_RNDN);
    }
    float value = mpfr_get_flt(r, MPFR_RNDN);
    mpfr_clears(r, e, (mpfr_ptr)0);
    return value;
}

static void check_features(cedm_features f, double c_noise)
{
    float data[8 + CHANNELS], got[CHANNELS];
    for (uint32_t i = 0; i < 8 + CHANNELS; i++) {
        data[i] = 16 * sinf((float)i * 12.7f) * (float)(i % 5);
    }
    cedm_noise_features(&f, data, c_noise, got);
    for (uint32_t i = 0; i < f.channels; i++) {
        float want = exact_feature(&f, data, c_noise, i);
        if (!(fabsf(got[i] - want) <= fabsf(want) * FLT_EPSILON)) {
            fail_msg("kind %u, swap %u, c_noise %a, feature %u: got %a, "
                     "want %a",
                     f.kind, f.swap, c_noise, i, (double)got[i],
                     (double)want);
        }
    }
}

static void features_of_all_kinds(void **state)
{
    (void)state;
    /* ln(sigma) / 4 for sigma = 1e-300 .. 1e300, and VP's steps to 999 */
    for (double c = -172.3; c < 1000; c += 7.77) {
        for (uint32_t swap = 0; swap <= 1; swap++) {
            for (uint32_t endpoint = 0; endpoint <= 1; endpoint++) {
                check_features((cedm_features){CEDM_FEATURES_POSITIONAL,
                                               CHANNELS, endpoint, swap,
                                               CEDM_NONE},
                               c);
            }
            check_features(
                (cedm_features){CEDM_FEATURES_FOURIER, CHANNELS, 0, swap, 8},
                c);
        }
    }
}

/* One frequency, with or without an endpoint: 1. */
static void two_channels(void **state)
{
    (void)state;
    for (uint32_t endpoint = 0; endpoint <= 1; endpoint++) {
        check_features((cedm_features){CEDM_FEATURES_POSITIONAL, 2, endpoint,
                                       1, CEDM_NONE},
                       0.75);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalings),
        cmocka_unit_test(vp_curve),
        cmocka_unit_test(vp_scalings),
        cmocka_unit_test(ve_scalings),
        cmocka_unit_test(iddpm_scalings),
        cmocka_unit_test(features_of_all_kinds),
        cmocka_unit_test(two_channels),
    };
    return cmocka_run_group_tests_name("noise_level", tests, NULL, NULL);
}
