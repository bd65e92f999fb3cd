/* SPDX-License-Identifier: MIT
 *
 * cuda_bf16.h - __nv_bfloat16 on the emulator: bits, and conversions. */
#ifndef CEDM_TESTS_EMULATE_INCLUDE_CUDA_BF16_H
#define CEDM_TESTS_EMULATE_INCLUDE_CUDA_BF16_H

#include "cuda_runtime.h"

struct __nv_bfloat16 {
    uint16_t bits;
};

inline float __bfloat162float(__nv_bfloat16 x)
{
    uint32_t bits = static_cast<uint32_t>(x.bits) << 16;
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

inline __nv_bfloat16 __float2bfloat16_rn(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    if (x != x) {
        return {0x7fff};
    }
    bits += 0x7fffu + (bits >> 16 & 1u); /* ties to even */
    return {static_cast<uint16_t>(bits >> 16)};
}

#endif
