/* SPDX-License-Identifier: MIT
 *
 * lanes.h - four floats side by side: what SSE2 and NEON hold.  Compilers
 * lower the type to whatever a machine has, with the same bits. */
#ifndef CEDM_LANES_H
#define CEDM_LANES_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/ieee.h"

#define CEDM_LANES 4

typedef float cedm_lanes __attribute__((vector_size(16)));
typedef uint32_t cedm_lanes_bits __attribute__((vector_size(16)));

static inline cedm_lanes cedm_lanes_load(const float *p)
{
    cedm_lanes v;

    __builtin_memcpy(&v, p, sizeof v);
    return v;
}

static inline void cedm_lanes_store(float *p, cedm_lanes v)
{
    __builtin_memcpy(p, &v, sizeof v);
}

/* The first n < 4 floats, 0 after them. */
static inline cedm_lanes cedm_lanes_load_part(const float *p, size_t n)
{
    cedm_lanes v = {0};

    for (size_t lane = 0; lane < n; lane++) {
        v[lane] = p[lane];
    }
    return v;
}

static inline void cedm_lanes_store_part(float *p, cedm_lanes v, size_t n)
{
    for (size_t lane = 0; lane < n; lane++) {
        p[lane] = v[lane];
    }
}

/* x where mask is 0, y where it is all ones. */
static inline cedm_lanes cedm_lanes_select(cedm_lanes_bits mask, cedm_lanes x,
                                           float y)
{
    cedm_lanes other = {y, y, y, y};

    return (cedm_lanes)(((cedm_lanes_bits)x & ~mask) |
                        ((cedm_lanes_bits)other & mask));
}

/* e^x for -87 <= x <= 88; beyond, the value at that end; a NaN stays.
 * x = n ln 2 + r with ln 2 in two parts (Cody and Waite 1980); e^r is its
 * Taylor series up to r^7, which leaves 6e-9 for |r| <= ln 2 / 2. */
static inline cedm_lanes cedm_lanes_exp(cedm_lanes x)
{
    const float integer = 12582912.0f; /* 1.5 * 2^23: adding it rounds */
    cedm_lanes t, n, r, p;

    x = cedm_lanes_select((cedm_lanes_bits)(x > 88.0f), x, 88.0f);
    x = cedm_lanes_select((cedm_lanes_bits)(x < -87.0f), x, -87.0f);
    t = x * 1.44269504f + integer;
    n = t - integer;
    r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    p = r * (1.0f / 5040.0f) + 1.0f / 720.0f;
    p = p * r + 1.0f / 120.0f;
    p = p * r + 1.0f / 24.0f;
    p = p * r + 1.0f / 6.0f;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    /* The lowest bits of t are n; the others leave on the left. */
    return p * (cedm_lanes)(((cedm_lanes_bits)t + 127u) << 23);
}

#endif
