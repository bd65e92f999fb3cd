/* SPDX-License-Identifier: MIT
 *
 * cuda_fp16.h - __half on the emulator: bits, and conversions. */
#ifndef CEDM_TESTS_EMULATE_INCLUDE_CUDA_FP16_H
#define CEDM_TESTS_EMULATE_INCLUDE_CUDA_FP16_H

#include "cedm.h"
#include "cuda_runtime.h"

struct __half {
    uint16_t bits;
};

float emulate_half_to_float(uint16_t bits); /* by table */

inline float __half2float(__half x)
{
    return emulate_half_to_float(x.bits);
}
inline __half __float2half_rn(float x)
{
    return {cedm_half_from_float(x)};
}

#endif
