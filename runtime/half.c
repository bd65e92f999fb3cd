/* SPDX-License-Identifier: MIT
 *
 * half.c - IEEE 754 binary16, as blobs of half the size hold it. */
#include <string.h>

#include "cedm.h"

#define SIGN 0x8000u
#define EXPONENT_SHIFT (127u - 15u) /* between the two biases */

static float from_bits(uint32_t bits)
{
    float x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint32_t to_bits(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* Every binary16 is a binary32, so nothing is rounded. */
float cedm_half_to_float(uint16_t half)
{
    uint32_t sign = (half & SIGN) << 16;
    uint32_t exponent = half >> 10 & 31u, mantissa = half & 1023u;

    if (exponent == 0) { /* subnormal: mantissa * 2^-24 */
        return from_bits(sign | to_bits((float)mantissa * 0x1p-24f));
    }
    exponent += exponent == 31 ? 255u - 31u : EXPONENT_SHIFT;
    return from_bits(sign | exponent << 23 | mantissa << 13);
}

uint16_t cedm_half_from_float(float x)
{
    uint32_t bits = to_bits(x);
    uint32_t sign = bits >> 16 & SIGN;
    uint32_t size = bits & 0x7fffffffu;

    if (size > 0x7f800000u) { /* NaN: quiet, with its upper bits */
        return (uint16_t)(sign | 0x7e00u | (size >> 13 & 1023u));
    }
    if (size >= to_bits(65520.0f)) { /* half way to 2^16: infinite */
        return (uint16_t)(sign | 0x7c00u);
    }
    if (size < to_bits(0x1p-14f)) {
        /* Steps of 2^-24, as floats have from 0.5 on: adding it rounds. */
        size = to_bits(from_bits(size) + 0.5f) - to_bits(0.5f);
        return (uint16_t)(sign | size);
    }
    size += 0xfffu + (size >> 13 & 1u); /* ties to even */
    return (uint16_t)(sign | (size - (EXPONENT_SHIFT << 23)) >> 13);
}
