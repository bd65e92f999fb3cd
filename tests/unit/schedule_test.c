/* SPDX-License-Identifier: MIT
 *
 * schedule_test.c - noise levels: published values, eq. 5 in MPFR, ends. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <mpfr.h>

#include "cedm.h"

#define BITS 200

static void expect(double got, double want, double tolerance, uint32_t i)
{
    if (!(fabs(got - want) <= tolerance * fabs(want))) {
        fail_msg("level %u: got %.17g, want %.17g", i, got, want);
    }
}

/* Printed by the reference with 9 digits. */
static void published_levels(void **state)
{
    static const double n18[19] = {80,
                                   57.5859847,
                                   40.7855738,
                                   28.3745846,
                                   19.352453,
                                   12.9100824,
                                   8.40093531,
                                   5.31519452,
                                   3.25682152,
                                   1.92333984,
                                   1.08817064,
                                   0.585348123,
                                   0.296442284,
                                   0.139516469,
                                   0.0599473112,
                                   0.0229345184,
                                   0.00752801996,
                                   0.002,
                                   0};
    cedm_sampler_params p = cedm_sampler_params_default();
    (void)state;
    assert_int_equal(p.steps, 18);
    for (uint32_t i = 0; i <= 18; i++) {
        expect(cedm_sigma(&p, i), n18[i], 5e-9, i);
    }
    p.steps = 40;
    expect(cedm_sigma(&p, 0), 80, 0, 0);
    expect(cedm_sigma(&p, 1), 69.450946, 5e-9, 1);
    expect(cedm_sigma(&p, 2), 60.1173948, 5e-9, 2);
    expect(cedm_sigma(&p, 37), 0.00643711328, 5e-9, 37);
    expect(cedm_sigma(&p, 38), 0.00367658917, 5e-9, 38);
    expect(cedm_sigma(&p, 39), 0.002, 0, 39);
    expect(cedm_sigma(&p, 40), 0, 0, 40);
}

/* (max^(1/rho) + i / (N - 1) (min^(1/rho) - max^(1/rho)))^rho */
static double exact_level(const cedm_sampler_params *p, uint32_t i)
{
    mpfr_t inverse, from, to;
    mpfr_inits2(BITS, inverse, from, to, (mpfr_ptr)0);
    mpfr_set_d(inverse, p->rho, MPFR_RNDN);
    mpfr_ui_div(inverse, 1, inverse, MPFR_RNDN);
    mpfr_set_d(from, p->sigma_max, MPFR_RNDN);
    mpfr_pow(from, from, inverse, MPFR_RNDN);
    mpfr_set_d(to, p->sigma_min, MPFR_RNDN);
    mpfr_pow(to, to, inverse, MPFR_RNDN);
    mpfr_sub(to, to, from, MPFR_RNDN);
    mpfr_mul_ui(to, to, i, MPFR_RNDN);
    mpfr_div_ui(to, to, p->steps - 1, MPFR_RNDN);
    mpfr_add(from, from, to, MPFR_RNDN);
    mpfr_set_d(to, p->rho, MPFR_RNDN);
    mpfr_pow(from, from, to, MPFR_RNDN);
    double level = mpfr_get_d(from, MPFR_RNDN);
    mpfr_clears(inverse, from, to, (mpfr_ptr)0);
    return level;
}

static void equation_5(void **state)
{
    static const double rhos[] = {7, 1, 0.5, 3.25, 20, -1, -2, -7};
    static const uint32_t steps[] = {2, 3, 18, 40, 256};
    static const double ranges[][2] = {{0.002, 80}, {0.02, 100}, {1, 1.5}};
    (void)state;
    for (size_t r = 0; r < sizeof rhos / sizeof rhos[0]; r++) {
        for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++) {
            for (size_t k = 0; k < 3; k++) {
                cedm_sampler_params p = cedm_sampler_params_default();
                p.rho = rhos[r];
                p.steps = steps[s];
                p.sigma_min = ranges[k][0];
                p.sigma_max = ranges[k][1];
                double last = HUGE_VAL;
                for (uint32_t i = 0; i < p.steps; i++) {
                    double level = cedm_sigma(&p, i);
                    /* rho times the rounding of a root, and cancellation
                     * between the roots for a negative rho */
                    expect(level, exact_level(&p, i), 1e-13, i);
                    assert_true(level < last);
                    last = level;
                }
            }
        }
    }
}

static void the_ends_are_exact(void **state)
{
    (void)state;
    for (uint32_t steps = 1; steps < 300; steps++) {
        cedm_sampler_params p = cedm_sampler_params_default();
        p.steps = steps;
        assert_true(cedm_sigma(&p, 0) == p.sigma_max);
        if (steps > 1) {
            assert_true(cedm_sigma(&p, steps - 1) == p.sigma_min);
        }
        assert_true(cedm_sigma(&p, steps) == 0);
        assert_true(cedm_sigma(&p, steps + 1) == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_levels),
        cmocka_unit_test(equation_5),
        cmocka_unit_test(the_ends_are_exact),
    };
    return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}
