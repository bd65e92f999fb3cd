/* SPDX-License-Identifier: MIT
 *
 * profile_test.c - power-function averages against the paper's exponents,
 * integrals by quadrature, and trajectories whose averages are known. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "trainer/power.h"
#include "trainer/profile.h"

static void near(const char *what, uint32_t i, double got, double wanted,
                 double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance)) {
        fail_msg("%s[%u]: got %.17g, wanted %.17g", what, i, got, wanted);
    }
}

/* Section 3 of the paper rounds the exponents of 5 % and 10 % to two
 * decimals. */
static void exponents(void **state)
{
    (void)state;
    near("5 %", 0, train_profile_exponent(0.05), 16.97, 0.005);
    near("10 %", 0, train_profile_exponent(0.10), 6.94, 0.005);
    for (uint32_t i = 0; i <= 100; i++) {
        double width =
            TRAIN_PROFILE_NARROWEST +
            i * (TRAIN_PROFILE_WIDEST - TRAIN_PROFILE_NARROWEST) / 100;
        double g = train_profile_exponent(width);
        double mean = (g + 1) / (g + 2), square = (g + 1) / (g + 3);

        /* the standard deviation, from the moments: they cancel */
        near("width", i, sqrt(square - mean * mean), width, 1e-11);
    }
}

static double density(const train_profile *p, double s)
{
    return s > p->time ? 0.0
                       : (p->exponent + 1.0) / p->time *
                             pow(s / p->time, p->exponent);
}

/* Simpson's rule up to the earlier time, where the product is smooth; the
 * fourth derivative of a power below 40 leaves less than 1e-9 of it at 4000
 * intervals. */
static void products(void **state)
{
    static const train_profile p[] = {{0, 1},     {2.5, 3},    {6.94, 1},
                                      {16.97, 1}, {6.94, 0.9}, {16.97, 0.25}};
    const uint32_t count = sizeof p / sizeof p[0], intervals = 4000;

    (void)state;
    for (uint32_t i = 0; i < count * count; i++) {
        const train_profile *a = &p[i / count], *b = &p[i % count];
        double end = fmin(a->time, b->time), sum = 0.0;

        for (uint32_t k = 0; k <= intervals; k++) {
            double s = k == intervals ? end : end * k / intervals;
            double weight = k == 0 || k == intervals ? 1 : k % 2 == 1 ? 4 : 2;

            sum += weight * density(a, s) * density(b, s);
        }
        sum *= end / intervals / 3.0;
        near("product", i, train_profile_product(a, b), sum, 1e-8 * sum);
    }
}

/* ---- updates ------------------------------------------------------------ */

/* The average of theta(t) = t: the profile's integral over ]t - 1, t] is the
 * weight of t, so there is a closed sum. */
static void updates(void **state)
{
    enum { N = 3, LAST = 400 };
    float params[N];
    train_power p = {0};
    host_failure f;

    (void)state;
    assert_true(train_power_open(&p, N, &f));
    for (uint32_t t = 1; t <= LAST; t++) {
        for (uint32_t i = 0; i < N; i++) {
            params[i] = (float)((double)t * (i + 1.0));
        }
        train_power_update(&p, params, t);
        if (t == 1) {
            assert_memory_equal(p.averages[0], params, sizeof params);
            assert_memory_equal(p.averages[1], params, sizeof params);
        }
    }
    for (uint32_t k = 0; k < TRAIN_POWER_COUNT; k++) {
        double g = train_profile_exponent(train_power_sigma_rel[k]) + 1.0;
        double mean = 0.0;

        for (uint32_t t = 1; t <= LAST; t++) {
            mean += t * (pow((double)t / LAST, g) - pow((t - 1.0) / LAST, g));
        }
        for (uint32_t i = 0; i < N; i++) {
            double wanted = mean * (i + 1.0);

            /* some tens of roundings live in an average at a time */
            near("average", i, (double)p.averages[k][i], wanted,
                 1e-5 * wanted);
        }
    }
    train_power_close(&p);
}

/* ---- combinations ------------------------------------------------------- */

enum { POINTS = 16, STORED = 2 * POINTS };

static void store(train_profile stored[STORED])
{
    for (uint32_t i = 0; i < STORED; i++) {
        stored[i] = (train_profile){
            train_profile_exponent(train_power_sigma_rel[i % 2]),
            1e6 * (i / 2 + 1.0) / POINTS};
    }
}

static void stored_is_itself(void **state)
{
    train_profile stored[STORED];
    double weights[STORED];

    (void)state;
    store(stored);
    for (uint32_t i = 0; i < STORED; i++) {
        assert_true(
            train_profile_combine(stored, STORED, &stored[i], weights));
        for (uint32_t k = 0; k < STORED; k++) {
            near("weight", k, weights[k], k == i ? 1.0 : 0.0, 0.0);
        }
    }
}

/* A hair from a stored one, so that the equations are solved: the weights are
 * a hair from 1 and 0, by at most the condition of some thousands. */
static void nearly_stored(void **state)
{
    train_profile stored[STORED], wanted;
    double weights[STORED];

    (void)state;
    store(stored);
    for (uint32_t i = 0; i < STORED; i++) {
        wanted = stored[i];
        wanted.exponent *= 1.0 + 1e-12;
        assert_true(train_profile_combine(stored, STORED, &wanted, weights));
        for (uint32_t k = 0; k < STORED; k++) {
            near("weight", k, weights[k], k == i ? 1.0 : 0.0, 1e-8);
        }
    }
}

/* Of theta(s) = 2 - 3 s / t, whose averages are 2 - 3 (g + 1) / (g + 2): the
 * error is at most the norm of what the combination misses of the profile
 * times that of theta (Cauchy and Schwarz). */
static void linear_trajectory(void **state)
{
    static const double widths[] = {0.05, 0.06, 0.075, 0.1, 0.12, 0.15, 0.2};
    const double theta_norm = sqrt(1e6 * (4.0 - 6.0 + 3.0));
    train_profile stored[STORED];
    double weights[STORED];

    (void)state;
    store(stored);
    for (uint32_t w = 0; w < sizeof widths / sizeof widths[0]; w++) {
        train_profile wanted = {train_profile_exponent(widths[w]), 1e6};
        double norm = train_profile_product(&wanted, &wanted);
        double missed = norm, average = 0.0, g = wanted.exponent;

        assert_true(train_profile_combine(stored, STORED, &wanted, weights));
        for (uint32_t i = 0; i < STORED; i++) {
            const train_profile *p = &stored[i];

            missed -= weights[i] * train_profile_product(p, &wanted);
            average += weights[i] *
                       (2.0 - 3.0 * p->time / 1e6 * (p->exponent + 1.0) /
                                  (p->exponent + 2.0));
        }
        missed = sqrt(fmax(missed, 0.0));
        near("missed", w, missed / sqrt(norm), 0.0, 0.05);
        near("average", w, average, 2.0 - 3.0 * (g + 1.0) / (g + 2.0),
             missed * theta_norm + 1e-9);
    }
}

/* The same profile twice, and one at a time alike up to rounding. */
static void repeated(void **state)
{
    train_profile stored[] = {
        {6.94, 1}, {6.94, 1}, {16.97, 1}, {6.94, 1 + 4e-16}};
    train_profile wanted = {10, 1};
    double weights[4], twice[2];

    (void)state;
    assert_true(train_profile_combine(stored, 4, &wanted, weights));
    stored[1] = stored[2];
    assert_true(train_profile_combine(stored, 2, &wanted, twice));
    near("sum", 0, weights[0] + weights[1] + weights[3], twice[0], 1e-12);
    near("other", 0, weights[2], twice[1], 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exponents),     cmocka_unit_test(products),
        cmocka_unit_test(updates),       cmocka_unit_test(stored_is_itself),
        cmocka_unit_test(nearly_stored), cmocka_unit_test(linear_trajectory),
        cmocka_unit_test(repeated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
