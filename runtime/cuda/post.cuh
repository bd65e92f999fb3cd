/* SPDX-License-Identifier: MIT
 *
 * post.cuh - what is done last to a result on a device: enum cedm_post. */
#ifndef CEDM_CUDA_POST_CUH
#define CEDM_CUDA_POST_CUH

#include "runtime/cuda/device.cuh"
#include "runtime/gelu.h"

/* y Phi(y): see gelu.h.  For 16 bits by the fast functions of device.cuh. */
template <typename T>
static __device__ __forceinline__ float cedm_gelu(float y)
{
    constexpr float p[] = CEDM_GELU_COEFFICIENTS;
    constexpr int count = sizeof p / sizeof p[0];
    float size = fabsf(y), down = 1.0f + size * CEDM_GELU_SLOPE;
    float t = sizeof(T) == 4 ? 1.0f / down : __fdividef(1.0f, down);
    float sum = p[0];

#pragma unroll
    for (int i = 1; i < count; i++) {
        sum = fmaf(sum, t, p[i]);
    }
    sum *= t * cedm_exp<T>(-0.5f * y * y);
    return (y < 0.0f ? 0.0f : y) - 0.5f * size * sum;
}

/* Of N results; a NaN stays one. */
template <typename T, int N>
static __device__ __forceinline__ void cedm_post(float (&y)[N], uint32_t post)
{
    if (post == CEDM_POST_GELU) {
#pragma unroll
        for (int i = 0; i < N; i++) {
            y[i] = cedm_gelu<T>(y[i]);
        }
    } else if (post == CEDM_POST_RELU) {
#pragma unroll
        for (int i = 0; i < N; i++) {
            y[i] = y[i] < 0.0f ? 0.0f : y[i];
        }
    }
}

#endif
