/* SPDX-License-Identifier: MIT
 *
 * half_test.c - binary16 against its definition: every value one way, and
 * every rounding interval's ends and middle the other way. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cedm.h"

#define INFINITE 0x7c00u

/* IEEE 754-2008, 3.4: sign, 5 bits of exponent, 10 of the significand. */
static double meaning(unsigned half)
{
    double sign = half >> 15 ? -1 : 1;
    int exponent = (int)(half >> 10 & 31), significand = half & 1023;

    if (exponent == 31) {
        return significand ? (double)NAN : sign * HUGE_VAL;
    }
    return exponent == 0 ? sign * ldexp(significand, -24)
                         : sign * ldexp(1024 + significand, exponent - 25);
}

static void expect(float x, unsigned want)
{
    unsigned got = cedm_half_from_float(x);

    if (got != want) {
        fail_msg("%a: got %04x, wanted %04x", (double)x, got, want);
    }
}

static void every_half_is_that_float(void **state)
{
    (void)state;
    for (unsigned half = 0; half < 65536; half++) {
        double want = meaning(half);
        float got = cedm_half_to_float((uint16_t)half);

        if (isnan(want)
                ? !isnan(got)
                : (double)got != want || !signbit(got) != !signbit(want)) {
            fail_msg("%04x: got %a, wanted %a", half, (double)got, want);
        }
    }
}

static void every_half_comes_back(void **state)
{
    (void)state;
    for (unsigned half = 0; half < 65536; half++) {
        float x = cedm_half_to_float((uint16_t)half);

        expect(x, isnan(x) ? half | 0x200u : half); /* a NaN turns quiet */
    }
}

/* Between two neighbours: the middle goes to the even one, and the floats
 * next to the middle and next to the neighbours to the nearer one. */
static void rounding_is_to_nearest_even(void **state)
{
    (void)state;
    for (unsigned low = 0; low < INFINITE; low++) {
        unsigned high = low + 1;
        double from = meaning(low);
        double to = high < INFINITE ? meaning(high) : 65536;
        float middle = (float)((from + to) / 2); /* exact */

        for (unsigned sign = 0; sign < 2; sign++) {
            float way = sign ? -1.0f : 1.0f;
            unsigned s = sign << 15;

            expect(way * middle, s | (low % 2 == 0 ? low : high));
            expect(way * nextafterf(middle, 0), s | low);
            expect(way * nextafterf(middle, HUGE_VALF), s | high);
            expect(way * nextafterf((float)from, HUGE_VALF), s | low);
            expect(way * nextafterf((float)to, 0), s | high);
        }
    }
}

static void far_values(void **state)
{
    static const struct {
        float x;
        unsigned want;
    } known[] = {
        {65504.0f, 0x7bff},     {65519.99f, 0x7bff},  {65520.0f, INFINITE},
        {1e30f, INFINITE},      {-1e30f, 0xfc00},     {HUGE_VALF, INFINITE},
        {0x1p-25f, 0},          {0x1.000002p-25f, 1}, {0x1p-149f, 0},
        {-0x1p-149f, 0x8000},   {1.0f, 0x3c00},       {-2.0f, 0xc000},
        {0.333333343f, 0x3555},
    };

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        expect(known[i].x, known[i].want);
    }
    assert_true(isnan(cedm_half_to_float(cedm_half_from_float(NAN))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_half_is_that_float),
        cmocka_unit_test(every_half_comes_back),
        cmocka_unit_test(rounding_is_to_nearest_even),
        cmocka_unit_test(far_values),
    };

    return cmocka_run_group_tests_name("half", tests, NULL, NULL);
}
