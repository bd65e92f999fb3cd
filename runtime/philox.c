/* SPDX-License-Identifier: MIT
 *
 * philox.c - Philox4x32-10 [PHILOX] and the numbers made from it.
 *
 * Normal numbers are the sine half of a Box-Muller pair.  Both kinds are
 * computed in double precision; the float32 kind is rounded once at the end.
 */
#include "runtime/philox.h"

#include "runtime/fmath.h"

#define ROUNDS 10

static void multiply(uint32_t a, uint32_t b, uint32_t *hi, uint32_t *lo)
{
    uint64_t p = (uint64_t)a * b;
    *hi = (uint32_t)(p >> 32);
    *lo = (uint32_t)p;
}

void cedm_philox(const uint32_t counter[4], const uint32_t key[2],
                 uint32_t out[4])
{
    uint32_t a = counter[0], b = counter[1], c = counter[2], d = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t hi0, lo0, hi1, lo1;
        multiply(0xd2511f53u, a, &hi0, &lo0);
        multiply(0xcd9e8d57u, c, &hi1, &lo1);
        a = hi1 ^ b ^ k0;
        b = lo1;
        c = hi0 ^ d ^ k1;
        d = lo0;
        k0 += 0x9e3779b9u; /* golden ratio */
        k1 += 0xbb67ae85u; /* sqrt(3) - 1 */
    }
    out[0] = a;
    out[1] = b;
    out[2] = c;
    out[3] = d;
}

void cedm_philox_words(uint64_t seed, uint64_t element, uint64_t draw,
                       uint32_t out[4])
{
    const uint32_t counter[4] = {(uint32_t)draw, (uint32_t)(draw >> 32),
                                 (uint32_t)element,
                                 (uint32_t)(element >> 32)};
    const uint32_t key[2] = {(uint32_t)seed, 0};
    cedm_philox(counter, key, out);
}

/* u in (0, 1], half_turns in (0, 2] */
static double box_muller(double u, double half_turns)
{
    double sine, cosine;
    cedm_sincospi(half_turns, &sine, &cosine);
    return __builtin_sqrt(-2 * cedm_log(u)) * sine;
}

/* u and the angle are the middles of 2^32 equal steps. */
float cedm_normal_f32(uint64_t seed, uint64_t element, uint64_t draw)
{
    uint32_t w[4];
    cedm_philox_words(seed, element, draw, w);
    double u = w[0] * 0x1p-32 + 0x1p-33;
    double half_turns = w[1] * 0x1p-31 + 0x1p-32;
    return (float)box_muller(u, half_turns);
}

/* The same with 53 bits each, joined as cuRAND does. */
double cedm_normal_f64(uint64_t seed, uint64_t element, uint64_t draw)
{
    uint32_t w[4];
    cedm_philox_words(seed, element, draw, w);
    uint64_t x = w[0] ^ ((uint64_t)w[1] << 21);
    uint64_t y = w[2] ^ ((uint64_t)w[3] << 21);
    double u = (double)x * 0x1p-53 + 0x1p-54;
    double half_turns = (double)y * 0x1p-52 + 0x1p-53;
    return box_muller(u, half_turns);
}

float cedm_uniform_f32(uint64_t seed, uint64_t element, uint64_t draw)
{
    uint32_t w[4];
    cedm_philox_words(seed, element, draw, w);
    float u = (float)w[0] * 0x1p-32f + 0x1p-33f;
    return u == 1 ? 0 : u; /* (0, 1] to [0, 1) */
}
