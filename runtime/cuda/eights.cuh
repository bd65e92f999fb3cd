/* SPDX-License-Identifier: MIT
 *
 * eights.cuh - V elements of a map at a time: 8 where channels come in eights,
 * else 1, so that every kernel takes any number of channels. */
#ifndef CEDM_CUDA_EIGHTS_CUH
#define CEDM_CUDA_EIGHTS_CUH

#include "runtime/cuda/device.cuh"

template <typename T, int V>
static __device__ __forceinline__ void
cedm_load_map(float (&to)[V], cedm_map map, size_t i)
{
    if constexpr (V == 8) {
        if (sizeof(T) == 4 || map.f32) {
            cedm_load8(to, static_cast<const float *>(map.data) + i);
        } else {
            cedm_load8(to, static_cast<const T *>(map.data) + i);
        }
    } else {
        to[0] = cedm_get<T>(map, i);
    }
}

static __device__ __forceinline__ void cedm_store_floats(float *to,
                                                         const float x[8])
{
    float4 half[2];

    memcpy(half, x, sizeof half);
    reinterpret_cast<float4 *>(to)[0] = half[0];
    reinterpret_cast<float4 *>(to)[1] = half[1];
}

/* Returns whether 16 bits could not hold one of them. */
template <typename T, int V>
static __device__ __forceinline__ bool
cedm_store_map(cedm_map map, size_t i, float (&x)[V])
{
    bool overflow = false;

    if constexpr (V == 1) {
        return cedm_put<T>(map, i, x[0]);
    } else {
        if (sizeof(T) == 4 || map.f32) {
            cedm_store_floats(static_cast<float *>(map.data) + i, x);
            return false;
        }
        if constexpr (sizeof(T) == 2) {
            cedm_store8(static_cast<T *>(map.data) + i, x);
#pragma unroll
            for (int j = 0; j < V; j++) {
                overflow |= !cedm_finite(x[j]);
            }
        }
        return overflow;
    }
}

/* V floats of a vector. */
template <int V>
static __device__ __forceinline__ void cedm_load_floats(float (&to)[V],
                                                        const float *from)
{
    if constexpr (V == 8) {
        cedm_load8(to, from);
    } else {
        to[0] = from[0];
    }
}

/* Calls function<T, 8 or 1>(...): the type of the activations, and 8 where
 * `eights` holds. */
#define CEDM_BY_EIGHTS(exec, eights, function, ...)                          \
    ((exec)->precision == CEDM_CUDA_FP16                                     \
         ? ((eights) ? function<__half, 8>(__VA_ARGS__)                      \
                     : function<__half, 1>(__VA_ARGS__))                     \
     : (exec)->precision == CEDM_CUDA_BF16                                   \
         ? ((eights) ? function<__nv_bfloat16, 8>(__VA_ARGS__)               \
                     : function<__nv_bfloat16, 1>(__VA_ARGS__))              \
         : ((eights) ? function<float, 8>(__VA_ARGS__)                       \
                     : function<float, 1>(__VA_ARGS__)))

#endif
