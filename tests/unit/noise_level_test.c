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

#include "noise_level.h"

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
    cedm_scalings got = cedm_precondition(sigma_data, sigma);
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
                     "want %a", f.kind, f.swap, c_noise, i, (double)got[i],
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
                                               CEDM_NONE}, c);
            }
            check_features((cedm_features){CEDM_FEATURES_FOURIER, CHANNELS,
                                           0, swap, 8}, c);
        }
    }
}

/* One frequency, with or without an endpoint: 1. */
static void two_channels(void **state)
{
    (void)state;
    for (uint32_t endpoint = 0; endpoint <= 1; endpoint++) {
        check_features((cedm_features){CEDM_FEATURES_POSITIONAL, 2, endpoint,
                                       1, CEDM_NONE}, 0.75);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalings),
        cmocka_unit_test(features_of_all_kinds),
        cmocka_unit_test(two_channels),
    };
    return cmocka_run_group_tests_name("noise_level", tests, NULL, NULL);
}
