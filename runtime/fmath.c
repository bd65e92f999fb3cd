/* SPDX-License-Identifier: MIT
 *
 * fmath.c - elementary functions from the four operations.
 *
 * Each function reduces its argument to a small interval, sums the Taylor
 * series there (enough terms for an error far below half an ulp) and puts
 * the parts back together so that the last addition is the only rounding
 * that counts.  Where one double is not enough, pairs of doubles are used
 * (Dekker 1971, Knuth TAOCP 4.2.2): no FMA is needed, and none may be made
 * by the compiler (-ffp-contract=off).
 */
#include "runtime/fmath.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define LN2_HI 0x1.62e42fefa3800p-1 /* 42 bits: k LN2_HI is exact */
#define LN2_LO 0x1.ef35793c76730p-45
#define LOG2_E 0x1.71547652b82fep+0
#define SQRT_2 0x1.6a09e667f3bcdp+0
#define PI_HI 0x1.921fb54442d18p+1
#define PI_LO 0x1.1a62633145c07p-53
#define PI_2_HI 0x1.921fb54442d18p+0
#define PI_2_MID 0x1.1a62633145c07p-54
#define PI_2_LO -0x1.f1976b7ed8fbcp-110
#define TWO_OVER_PI 0x1.45f306dc9c883p-1
#define MAX_PHASE 0x1p30
/* Below this |x|, sin x = x to half an ulp: x^2 / 6 < 2^-54. */
#define TINY 0x1p-27

/* Adding and subtracting it rounds |x| < 2^51 to an integer. */
#define ROUNDER 0x1.8p52

#define NAN_VALUE ((double)__builtin_nanf(""))
#define INFINITE ((double)__builtin_inff())

/* hi + lo, |lo| at most half an ulp of hi */
typedef struct pair {
    double hi, lo;
} pair;

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static double of_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static double round_to_integer(double x)
{
    return (x + ROUNDER) - ROUNDER;
}

/* x 2^k for |k| < 2046; rounds once, as only the second factor can leave
 * the normal range. */
static double scale(double x, int k)
{
    int half = k / 2;
    double a = of_bits((uint64_t)(1023 + half) << 52);
    double b = of_bits((uint64_t)(1023 + k - half) << 52);
    return x * a * b;
}

/* ---- pairs ------------------------------------------------------------- */

static pair quick_sum(double a, double b) /* |a| >= |b| */
{
    pair r;
    r.hi = a + b;
    r.lo = b - (r.hi - a);
    return r;
}

static pair sum(double a, double b)
{
    pair r;
    r.hi = a + b;
    double part = r.hi - a;
    r.lo = (a - (r.hi - part)) + (b - part);
    return r;
}

static pair split(double a) /* two halves of 26 bits; |a| < 2^996 */
{
    pair r;
    double c = a * 134217729.0; /* 2^27 + 1 */
    r.hi = c - (c - a);
    r.lo = a - r.hi;
    return r;
}

static pair product(double a, double b) /* exact */
{
    pair x = split(a), y = split(b), r;
    r.hi = a * b;
    r.lo = ((x.hi * y.hi - r.hi) + x.hi * y.lo + x.lo * y.hi) + x.lo * y.lo;
    return r;
}

static pair pair_mul(pair a, pair b)
{
    pair r = product(a.hi, b.hi);
    return quick_sum(r.hi, r.lo + (a.hi * b.lo + a.lo * b.hi));
}

static pair pair_add(pair a, pair b)
{
    pair r = sum(a.hi, b.hi);
    return quick_sum(r.hi, r.lo + (a.lo + b.lo));
}

static pair pair_div(double a, pair b)
{
    pair r;
    r.hi = a / b.hi;
    pair back = product(r.hi, b.hi);
    r.lo = (((a - back.hi) - back.lo) - r.hi * b.lo) / b.hi;
    return r;
}

/* ---- logarithm --------------------------------------------------------- */

/* x = 2^k m, m in [sqrt(1/2), sqrt(2)]; x positive and finite. */
static double mantissa(double x, int *k)
{
    int e = -1023;
    if (x < 0x1p-1022) {
        x *= 0x1p54;
        e -= 54;
    }
    uint64_t bits = bits_of(x);
    double m = of_bits((bits & 0xfffffffffffffu) | 0x3ff0000000000000u);
    e += (int)(bits >> 52);
    if (m > SQRT_2) {
        m *= 0.5;
        e++;
    }
    *k = e;
    return m;
}

/* log x for x that is not positive and finite */
static double log_special(double x)
{
    if (x == 0) {
        return -INFINITE;
    }
    return x > 0 || x != x ? x : NAN_VALUE;
}

/* With f = m - 1 and s = f / (2 + f):
 *   log m = 2 atanh s = 2s + sR = f - s (f - R) = f - (h - s (h + R)),
 * h = f^2 / 2, R = 2 s^2 / 3 + 2 s^4 / 5 + ...; s^2 < 0.0295. */
double cedm_log(double x)
{
    if (!(x > 0 && x < INFINITE)) {
        return log_special(x);
    }
    int k;
    double f = mantissa(x, &k) - 1;
    double s = f / (2 + f);
    double z = s * s;
    double r = 2.0 / 23;
    for (int n = 21; n >= 3; n -= 2) {
        r = r * z + 2.0 / n;
    }
    r *= z;
    double h = 0.5 * f * f;
    return k * LN2_HI - ((h - (s * (h + r) + k * LN2_LO)) - f);
}

/* log x as a pair, to about 2^-97 of its size: the same series in pairs. */
static pair log_pair(double x)
{
    int k;
    double m = mantissa(x, &k);
    pair s = pair_div(m - 1, sum(m, 1));
    pair z = pair_mul(s, s);
    pair r = {0, 0};
    for (int n = 39; n >= 1; n -= 2) {
        pair odd = {n, 0};
        r = pair_add(pair_mul(r, z), pair_div(1, odd));
    }
    r = pair_mul(r, s);
    pair log_m = {2 * r.hi, 2 * r.lo};
    pair log_2k = sum(k * LN2_HI, k * LN2_LO);
    return pair_add(log_2k, log_m);
}

/* ---- exponential ------------------------------------------------------- */

/* e^(hi + lo); hi is not NaN, lo is small beside it. */
static double exp_pair(double hi, double lo)
{
    if (hi > 710) {
        return INFINITE;
    }
    if (hi < -746) {
        return 0;
    }
    double k = round_to_integer(hi * LOG2_E);
    double part = hi - k * LN2_HI; /* exact */
    double rest = k * LN2_LO - lo;
    double r = part - rest;
    double r_lo = (part - r) - rest;
    double q = 1.0 / 6227020800; /* 1 / 13! */
    q = q * r + 1.0 / 479001600;
    q = q * r + 1.0 / 39916800;
    q = q * r + 1.0 / 3628800;
    q = q * r + 1.0 / 362880;
    q = q * r + 1.0 / 40320;
    q = q * r + 1.0 / 5040;
    q = q * r + 1.0 / 720;
    q = q * r + 1.0 / 120;
    q = q * r + 1.0 / 24;
    q = q * r + 1.0 / 6;
    q = q * r + 1.0 / 2;
    return scale(1 + (r + (r_lo + r * r * q)), (int)k);
}

double cedm_exp(double x)
{
    return x != x ? x : exp_pair(x, 0);
}

/* ---- power ------------------------------------------------------------- */

static bool is_integer(double y)
{
    double size = y < 0 ? -y : y;
    return size >= 0x1p52 || (size + 0x1p52) - 0x1p52 == size;
}

static bool is_odd(double y)
{
    double size = y < 0 ? -y : y;
    return size < 0x1p53 && is_integer(y) && !is_integer(0.5 * y);
}

/* x^y for x > 0 */
static double pow_positive(double x, double y)
{
    double y_size = y < 0 ? -y : y;
    if (x == 1) {
        return 1;
    }
    if (x == INFINITE) {
        return y > 0 ? INFINITE : 0;
    }
    if (y_size > 0x1p64) { /* |log x| >= 2^-53: far over- or underflow */
        return (x > 1) == (y > 0) ? INFINITE : 0;
    }
    if (y_size < 0x1p-64) { /* |log x| < 745: 1 to half an ulp */
        return 1;
    }
    pair l = log_pair(x);
    pair e = product(l.hi, y);
    e = quick_sum(e.hi, e.lo + l.lo * y);
    return exp_pair(e.hi, e.lo);
}

double cedm_pow(double x, double y)
{
    if (y == 0 || x == 1) {
        return 1;
    }
    if (x != x || y != y) {
        return x + y;
    }
    bool negative = bits_of(x) >> 63;
    double size = negative ? -x : x;
    if (negative && size > 0 && size < INFINITE && !is_integer(y)) {
        return NAN_VALUE;
    }
    double r;
    if (size == 0) {
        r = y > 0 ? 0 : INFINITE;
    } else {
        r = pow_positive(size, y);
    }
    return negative && is_odd(y) ? -r : r;
}

/* ---- sine and cosine ---------------------------------------------------- */

/* sin(r + lo), |r| <= pi/4 */
static double sin_near(double r, double lo)
{
    double z = r * r;
    double q = 1.0 / 355687428096000; /* 1 / 17! */
    q = q * z - 1.0 / 1307674368000;
    q = q * z + 1.0 / 6227020800;
    q = q * z - 1.0 / 39916800;
    q = q * z + 1.0 / 362880;
    q = q * z - 1.0 / 5040;
    q = q * z + 1.0 / 120;
    q = q * z - 1.0 / 6;
    return r + (r * z * q + lo * (1 - 0.5 * z));
}

/* cos(r + lo), |r| <= pi/4 */
static double cos_near(double r, double lo)
{
    double z = r * r;
    double q = -1.0 / 6402373705728000; /* 1 / 18! */
    q = q * z + 1.0 / 20922789888000;
    q = q * z - 1.0 / 87178291200;
    q = q * z + 1.0 / 479001600;
    q = q * z - 1.0 / 3628800;
    q = q * z + 1.0 / 40320;
    q = q * z - 1.0 / 720;
    q = q * z + 1.0 / 24;
    double half = 0.5 * z;
    double w = 1 - half;
    return w + (((1 - w) - half) + (z * z * q - r * lo));
}

/* sin(r + lo + quadrant pi/2) */
static double sin_quadrant(pair r, unsigned quadrant)
{
    double s = quadrant & 1u ? cos_near(r.hi, r.lo) : sin_near(r.hi, r.lo);
    return quadrant & 2u ? -s : s;
}

/* x - k pi/2 as a pair.  pi/2 has 159 bits here; doubles below 2^30 come no
 * nearer to a multiple of it than about 2^-62, so at least 60 are right. */
static pair reduce(double x, unsigned *quadrant)
{
    double k = round_to_integer(x * TWO_OVER_PI);
    pair a = product(k, PI_2_HI);
    pair b = product(k, PI_2_MID);
    pair s = sum(x - a.hi, -a.lo);
    pair t = sum(s.hi, -b.hi);
    *quadrant = (unsigned)((int32_t)k & 3);
    return quick_sum(t.hi, t.lo + s.lo - b.lo - k * PI_2_LO);
}

double cedm_sin(double x)
{
    double size = x < 0 ? -x : x;
    if (!(size <= MAX_PHASE)) {
        return NAN_VALUE;
    }
    if (size < TINY) {
        return x; /* keeps -0 and denormals */
    }
    unsigned quadrant;
    pair r = reduce(x, &quadrant);
    return sin_quadrant(r, quadrant);
}

double cedm_cos(double x)
{
    if (!(x <= MAX_PHASE && x >= -MAX_PHASE)) {
        return NAN_VALUE;
    }
    unsigned quadrant;
    pair r = reduce(x, &quadrant);
    return sin_quadrant(r, quadrant + 1);
}

void cedm_sincospi(double x, double *sine, double *cosine)
{
    double size = x < 0 ? -x : x;
    if (!(size < INFINITE)) {
        *sine = *cosine = NAN_VALUE;
        return;
    }
    if (size >= 0x1p53) { /* an even integer */
        *sine = 0 * x;
        *cosine = 1;
        return;
    }
    double turn = x - 4 * round_to_integer(0.25 * x); /* [-2, 2] */
    double k = round_to_integer(2 * turn);
    double r = turn - 0.5 * k; /* exact, [-1/4, 1/4] */
    unsigned quadrant = (unsigned)((int32_t)k & 3);
    pair phase = product(r, PI_HI);
    phase = quick_sum(phase.hi, phase.lo + r * PI_LO);
    *sine =
        r == 0 && !(quadrant & 1u) ? 0 * x : sin_quadrant(phase, quadrant);
    *cosine = sin_quadrant(phase, quadrant + 1);
}

/* ---- single precision --------------------------------------------------- */

static float power_of_two(uint32_t biased)
{
    uint32_t bits = biased << 23;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Without branches, so that a compiler may make a vector of it.  k is taken
 * from the bits of a float that holds it as an integer; a NaN gives a useless
 * k, and the result is NaN all the same. */
float cedm_expf(float x)
{
    const float rounder = 0x1.8p23f;
    const float ln2_hi = 0x1.63p-1f; /* 9 bits: k ln2_hi is exact */
    const float ln2_lo = -0x1.bd0106p-13f;
    x = x > 89 ? 89 : x;     /* infinity there */
    x = x < -104 ? -104 : x; /* 0 there */
    float shifted = x * 0x1.715476p+0f + rounder;
    float n = shifted - rounder;
    float r = x - n * ln2_hi;
    r = r - n * ln2_lo;
    float q = 1.0f / 5040;
    q = q * r + 1.0f / 720;
    q = q * r + 1.0f / 120;
    q = q * r + 1.0f / 24;
    q = q * r + 1.0f / 6;
    q = q * r + 0.5f;
    float e = 1 + (r + r * r * q);
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    uint32_t k = bits - 0x4b400000u + 512; /* 512: halves stay positive */
    uint32_t half = k >> 1;
    return e * power_of_two(half - 256 + 127) *
           power_of_two(k - half - 256 + 127);
}

/* Taking a large phase modulo pi/2 needs more than single precision. */
float cedm_sinf(float x)
{
    return (float)cedm_sin((double)x);
}

float cedm_cosf(float x)
{
    return (float)cedm_cos((double)x);
}
