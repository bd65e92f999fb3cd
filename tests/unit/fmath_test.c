/* SPDX-License-Identifier: MIT
 *
 * fmath_test.c - every function of fmath.h against MPFR at 200 bits.
 *
 * Errors are in ulps of the correctly rounded result's binade, so 0.5 is the
 * best possible; random arguments, plus the places where each algorithm
 * changes its path. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <mpfr.h>

#include "runtime/fmath.h"

/* ulp; fmath.h promises 2, and this is what a careless change would lose.
 * sincospi has rounding left in the denormals. */
#define LIMIT 1.0
#define LIMIT_PI 1.5
#define BITS 200

/* A sanitizer looks at the code, not at numbers: one in so many is enough. */
#ifdef __SANITIZE_ADDRESS__
#define SPARSE 10
#else
#define SPARSE 1
#endif

static uint64_t random_state;

static uint64_t random_bits(void) /* splitmix64 */
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static double uniform(double lo, double hi)
{
    return lo + (hi - lo) * ((double)(random_bits() >> 11) * 0x1p-53);
}

static double any_double(void)
{
    uint64_t bits = random_bits();
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* |got - want| in ulps of a format with `digits` bits and least exponent
 * `least` (of its denormals). */
static double ulp_error(double got, const mpfr_t want, int digits, int least)
{
    if (mpfr_nan_p(want)) {
        return isnan(got) ? 0 : HUGE_VAL;
    }
    double rounded = digits == 53 ? mpfr_get_d(want, MPFR_RNDN)
                                  : (double)mpfr_get_flt(want, MPFR_RNDN);
    if (isinf(rounded) || isinf(got)) {
        return rounded == got ? 0 : HUGE_VAL;
    }
    mpfr_t diff;
    mpfr_init2(diff, BITS);
    mpfr_set_d(diff, got, MPFR_RNDN);
    mpfr_sub(diff, diff, want, MPFR_RNDN);
    long exponent = mpfr_zero_p(want) ? least : mpfr_get_exp(want) - digits;
    exponent = exponent < least ? least : exponent;
    mpfr_mul_2si(diff, diff, -exponent, MPFR_RNDN);
    double error = fabs(mpfr_get_d(diff, MPFR_RNDN));
    mpfr_clear(diff);
    return error;
}

typedef void exact_function(mpfr_t want, double x);

static void exact_log(mpfr_t want, double x)
{
    mpfr_set_d(want, x, MPFR_RNDN);
    mpfr_log(want, want, MPFR_RNDN);
}

static void exact_exp(mpfr_t want, double x)
{
    mpfr_set_d(want, x, MPFR_RNDN);
    mpfr_exp(want, want, MPFR_RNDN);
}

static void exact_sin(mpfr_t want, double x)
{
    mpfr_set_d(want, x, MPFR_RNDN);
    mpfr_sin(want, want, MPFR_RNDN);
}

static void exact_cos(mpfr_t want, double x)
{
    mpfr_set_d(want, x, MPFR_RNDN);
    mpfr_cos(want, want, MPFR_RNDN);
}

/* pi x, with x taken modulo 2 first: that is exact. */
static void half_turns(mpfr_t want, double x)
{
    mpfr_t pi;
    mpfr_init2(pi, BITS);
    mpfr_const_pi(pi, MPFR_RNDN);
    mpfr_set_d(want, fmod(x, 2), MPFR_RNDN);
    mpfr_mul(want, want, pi, MPFR_RNDN);
    mpfr_clear(pi);
}

/* sin(pi x) and cos(pi x) are 0 where pi times x only nearly is a zero. */
static void exact_sinpi(mpfr_t want, double x)
{
    half_turns(want, x);
    mpfr_sin(want, want, MPFR_RNDN);
    if (fmod(x, 1) == 0) {
        mpfr_set_zero(want, 1);
    }
}

static void exact_cospi(mpfr_t want, double x)
{
    half_turns(want, x);
    mpfr_cos(want, want, MPFR_RNDN);
    if (fabs(fmod(x, 1)) == 0.5) {
        mpfr_set_zero(want, 1);
    }
}

static double sinpi_only(double x)
{
    double s, c;
    cedm_sincospi(x, &s, &c);
    return s;
}

static double cospi_only(double x)
{
    double s, c;
    cedm_sincospi(x, &s, &c);
    return c;
}

/* Checks one argument; remembers the worst. */
static void check(const char *name, double got, exact_function *exact,
                  double x, int digits, int least, double *worst)
{
    mpfr_t want;
    mpfr_init2(want, BITS);
    exact(want, x);
    double error = ulp_error(got, want, digits, least);
    double limit = exact == exact_sinpi ? LIMIT_PI : LIMIT;
    if (!(error <= limit)) {
        mpfr_fprintf(stderr, "%s(%a): got %a, want %.20Ra, %g ulp\n", name, x,
                     got, want, error);
    }
    mpfr_clear(want);
    assert_true(error <= limit);
    *worst = error > *worst ? error : *worst;
}

typedef double function(double x);

/* Arguments: uniform in [lo, hi] and with a uniform exponent in it. */
static void check_range(const char *name, function *f, exact_function *exact,
                        double lo, double hi, int count)
{
    double worst = 0;
    for (int i = 0; i < count / SPARSE; i++) {
        double x = uniform(lo, hi);
        check(name, f(x), exact, x, 53, -1074, &worst);
        x = any_double();
        x = ldexp(x == x && !isinf(x) ? x : 1.5, -(int)(random_bits() % 40));
        if (x >= lo && x <= hi) {
            check(name, f(x), exact, x, 53, -1074, &worst);
        }
    }
    print_message("%-10s [%g, %g]: at most %.3f ulp\n", name, lo, hi, worst);
}

typedef float function_f32(float x);

static void check_range_f32(const char *name, function_f32 *f,
                            exact_function *exact, float lo, float hi,
                            int count)
{
    double worst = 0;
    for (int i = 0; i < count / SPARSE; i++) {
        float x = (float)uniform((double)lo, (double)hi);
        check(name, (double)f(x), exact, (double)x, 24, -149, &worst);
        x = (float)ldexp((double)x, -(int)(random_bits() % 140));
        check(name, (double)f(x), exact, (double)x, 24, -149, &worst);
    }
    print_message("%-10s [%g, %g]: at most %.3f ulp\n", name, (double)lo,
                  (double)hi, worst);
}

static void log_matches_mpfr(void **state)
{
    (void)state;
    check_range("log", cedm_log, exact_log, 0, DBL_MAX, 40000);
    check_range("log", cedm_log, exact_log, 0, 1, 40000);
    check_range("log", cedm_log, exact_log, 0.6, 1.5, 100000);
    check_range("log", cedm_log, exact_log, 0.999, 1.001, 40000);
    double worst = 0;
    for (int k = -30; k <= 30; k++) { /* where the mantissa changes over */
        double x = ldexp(1.4142135623730951, k);
        for (int i = 0; i < 3; i++, x = nextafter(x, 0)) {
            check("log", cedm_log(x), exact_log, x, 53, -1074, &worst);
        }
    }
    for (double x = 0x1p-1074; x < 0x1p-1020; x *= 1.37) {
        check("log", cedm_log(x), exact_log, x, 53, -1074, &worst);
        x = x < 0x1p-1060 ? x * 2 : x;
    }
}

static void exp_matches_mpfr(void **state)
{
    (void)state;
    check_range("exp", cedm_exp, exact_exp, -700, 710, 100000);
    check_range("exp", cedm_exp, exact_exp, -1, 1, 100000);
    check_range("exp", cedm_exp, exact_exp, -746, -700, 40000);
    check_range("exp", cedm_exp, exact_exp, 709, 711, 40000);
}

static void trigonometry_matches_mpfr(void **state)
{
    (void)state;
    check_range("sin", cedm_sin, exact_sin, -4, 4, 100000);
    check_range("cos", cedm_cos, exact_cos, -4, 4, 100000);
    check_range("sin", cedm_sin, exact_sin, -1e5, 1e5, 100000);
    check_range("cos", cedm_cos, exact_cos, -1e5, 1e5, 100000);
    check_range("sin", cedm_sin, exact_sin, -0x1p30, 0x1p30, 100000);
    check_range("cos", cedm_cos, exact_cos, -0x1p30, 0x1p30, 100000);
}

/* The doubles nearest to multiples of pi/2, where the reduction cancels. */
static void near_multiples_of_half_pi(void **state)
{
    (void)state;
    mpfr_t half_pi, m;
    mpfr_inits2(BITS, half_pi, m, (mpfr_ptr)0);
    mpfr_const_pi(half_pi, MPFR_RNDN);
    mpfr_div_2ui(half_pi, half_pi, 1, MPFR_RNDN);
    double worst = 0;
    for (long k = 1; k < 683000000; k += 1 + k / (997 / SPARSE)) {
        mpfr_mul_si(m, half_pi, k, MPFR_RNDN);
        double x = mpfr_get_d(m, MPFR_RNDN);
        check("sin", cedm_sin(x), exact_sin, x, 53, -1074, &worst);
        check("cos", cedm_cos(-x), exact_cos, -x, 53, -1074, &worst);
    }
    print_message("near k pi/2: at most %.3f ulp\n", worst);
    mpfr_clears(half_pi, m, (mpfr_ptr)0);
}

static void sincospi_matches_mpfr(void **state)
{
    (void)state;
    check_range("sinpi", sinpi_only, exact_sinpi, 0, 2, 100000);
    check_range("cospi", cospi_only, exact_cospi, 0, 2, 100000);
    check_range("sinpi", sinpi_only, exact_sinpi, -1e9, 1e9, 40000);
    check_range("cospi", cospi_only, exact_cospi, -1e9, 1e9, 40000);
    double worst = 0;
    for (int i = -64; i <= 64; i++) {
        double x = i / 8.0;
        check("sinpi", sinpi_only(x), exact_sinpi, x, 53, -1074, &worst);
        check("cospi", cospi_only(x), exact_cospi, x, 53, -1074, &worst);
    }
    for (double x = 0x1p50 + 0.25; x < 0x1p56; x = x * 1.25 + 1) {
        check("sinpi", sinpi_only(x), exact_sinpi, x, 53, -1074, &worst);
        check("cospi", cospi_only(x), exact_cospi, x, 53, -1074, &worst);
    }
}

static double pow_error(double x, double y)
{
    mpfr_t want, exponent;
    mpfr_inits2(BITS, want, exponent, (mpfr_ptr)0);
    mpfr_set_d(want, x, MPFR_RNDN);
    mpfr_set_d(exponent, y, MPFR_RNDN);
    mpfr_pow(want, want, exponent, MPFR_RNDN);
    double got = cedm_pow(x, y);
    double error = ulp_error(got, want, 53, -1074);
    if (!(error <= LIMIT)) {
        mpfr_fprintf(stderr, "pow(%a, %a): got %a, want %.20Ra, %g ulp\n", x,
                     y, got, want, error);
    }
    mpfr_clears(want, exponent, (mpfr_ptr)0);
    assert_true(error <= LIMIT);
    return error;
}

static void pow_matches_mpfr(void **state)
{
    (void)state;
    double worst = 0;
    for (int i = 0; i < 30000 / SPARSE; i++) {
        double x = fabs(any_double());
        x = x > 0 && !isinf(x) ? x : 2;
        /* results over the whole range, denormals and overflow included */
        double y = uniform(-750, 715) / log(x);
        worst = fmax(worst, pow_error(x, y));
        worst = fmax(worst, pow_error(uniform(0, 4), uniform(-20, 20)));
        worst = fmax(worst, pow_error(uniform(0, 100), 1 / uniform(-9, 9)));
        worst =
            fmax(worst, pow_error(-uniform(0, 9), floor(uniform(-99, 99))));
        worst = fmax(worst, pow_error(1 + uniform(-1, 1) * 0x1p-40,
                                      uniform(-700, 700) * 0x1p40));
    }
    print_message("%-10s: at most %.3f ulp\n", "pow", worst);
}

static void single_precision_matches_mpfr(void **state)
{
    (void)state;
    check_range_f32("expf", cedm_expf, exact_exp, -105, 90, 300000);
    check_range_f32("expf", cedm_expf, exact_exp, -90, -80, 100000);
    check_range_f32("expf", cedm_expf, exact_exp, -1, 1, 200000);
    check_range_f32("sinf", cedm_sinf, exact_sin, -9999, 9999, 100000);
    check_range_f32("cosf", cedm_cosf, exact_cos, -9999, 9999, 100000);
    check_range_f32("sinf", cedm_sinf, exact_sin, -1e9f, 1e9f, 50000);
    check_range_f32("cosf", cedm_cosf, exact_cos, -1e9f, 1e9f, 50000);
}

/* The same class, and the same sign if it has one. */
static void same(const char *what, double got, double want)
{
    int ok = isnan(want) ? isnan(got)
                         : got == want && !signbit(got) == !signbit(want);
    if (!ok) {
        fprintf(stderr, "%s: got %a, want %a\n", what, got, want);
    }
    assert_true(ok);
}

static void special_cases(void **state)
{
    (void)state;
    const double inf = (double)INFINITY, nan = (double)NAN;
    same("log(0)", cedm_log(0.0), -inf);
    same("log(-0)", cedm_log(-0.0), -inf);
    same("log(1)", cedm_log(1), 0);
    same("log(-1)", cedm_log(-1), nan);
    same("log(inf)", cedm_log(inf), inf);
    same("log(-inf)", cedm_log(-inf), nan);
    same("log(nan)", cedm_log(nan), nan);
    same("exp(0)", cedm_exp(-0.0), 1);
    same("exp(inf)", cedm_exp(inf), inf);
    same("exp(-inf)", cedm_exp(-inf), 0);
    same("exp(nan)", cedm_exp(nan), nan);
    same("exp(709.8)", cedm_exp(709.8), inf);
    same("exp(-745.2)", cedm_exp(-745.2), 0);
    same("exp(-745.1)", cedm_exp(-745.1), 0x1p-1074);
    same("exp(1e308)", cedm_exp(1e308), inf);
    same("sin(0)", cedm_sin(0.0), 0);
    same("sin(-0)", cedm_sin(-0.0), -0.0);
    same("sin(2^-1074)", cedm_sin(0x1p-1074), 0x1p-1074);
    same("sin(inf)", cedm_sin(inf), nan);
    same("sin(nan)", cedm_sin(nan), nan);
    same("sin(2^31)", cedm_sin(0x1p31), nan);
    same("cos(0)", cedm_cos(-0.0), 1);
    same("cos(-inf)", cedm_cos(-inf), nan);
    same("cos(nan)", cedm_cos(nan), nan);
    same("cos(2^31)", cedm_cos(0x1p31), nan);
    same("sinpi(0)", sinpi_only(0.0), 0);
    same("sinpi(-0)", sinpi_only(-0.0), -0.0);
    same("sinpi(1)", fabs(sinpi_only(1)), 0);
    same("sinpi(1/2)", sinpi_only(0.5), 1);
    same("sinpi(-1/2)", sinpi_only(-0.5), -1);
    same("cospi(1)", cospi_only(1), -1);
    same("cospi(1/2)", fabs(cospi_only(0.5)), 0);
    same("cospi(1e300)", cospi_only(1e300), 1);
    same("sinpi(inf)", sinpi_only(inf), nan);
    same("cospi(nan)", cospi_only(nan), nan);
    same("expf(0)", (double)cedm_expf(0), 1);
    same("expf(inf)", (double)cedm_expf(INFINITY), inf);
    same("expf(-inf)", (double)cedm_expf(-INFINITY), 0);
    same("expf(nan)", (double)cedm_expf(NAN), nan);
    same("expf(88.8)", (double)cedm_expf(88.8f), inf);
    same("expf(-103)", (double)cedm_expf(-103), 0x1p-149);
    same("expf(-1e30)", (double)cedm_expf(-1e30f), 0);
    same("sinf(-0)", (double)cedm_sinf(-0.0f), -0.0);
    same("sinf(inf)", (double)cedm_sinf(INFINITY), nan);
    same("cosf(nan)", (double)cedm_cosf(NAN), nan);
}

/* C11 F.10.4.4, checked for all pairs against MPFR, which follows it. */
static void pow_special_cases(void **state)
{
    (void)state;
    const double inf = (double)INFINITY, nan = (double)NAN;
    const double values[] = {
        0.0,         -0.0,      1,         -1,        2,          -2,
        3,           -3,        0.5,       -0.5,      inf,        -inf,
        nan,         1e308,     -1e308,    0x1p-1074, 0x1p52 + 1, 0x1p53 + 2,
        -0x1p52 - 1, 0.9999999, -1.0000001};
    const size_t count = sizeof values / sizeof values[0];
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            mpfr_t want, y;
            mpfr_init2(want, 53);
            mpfr_init2(y, 53);
            mpfr_set_d(want, values[i], MPFR_RNDN);
            mpfr_set_d(y, values[j], MPFR_RNDN);
            mpfr_pow(want, want, y, MPFR_RNDN);
            double exact = mpfr_get_d(want, MPFR_RNDN);
            double got = cedm_pow(values[i], values[j]);
            if (exact == 0 || isinf(exact) || isnan(exact)) {
                same("pow", got, exact);
            } else if (!(fabs(got - exact) <= fabs(exact) * 0x1p-51)) {
                fail_msg("pow(%a, %a): got %a, want %a", values[i], values[j],
                         got, exact);
            }
            mpfr_clear(want);
            mpfr_clear(y);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_matches_mpfr),
        cmocka_unit_test(exp_matches_mpfr),
        cmocka_unit_test(trigonometry_matches_mpfr),
        cmocka_unit_test(near_multiples_of_half_pi),
        cmocka_unit_test(sincospi_matches_mpfr),
        cmocka_unit_test(pow_matches_mpfr),
        cmocka_unit_test(single_precision_matches_mpfr),
        cmocka_unit_test(special_cases),
        cmocka_unit_test(pow_special_cases),
    };
    return cmocka_run_group_tests_name("fmath", tests, NULL, NULL);
}
