/* SPDX-License-Identifier: MIT
 *
 * map.cuh - V elements of a map at a time: 8 where channels come in eights,
 * else 1, so that every kernel takes any number of channels. */
#ifndef CEDM_TRAINER_CUDA_MAP_CUH
#define CEDM_TRAINER_CUDA_MAP_CUH

#include "runtime/cuda/device.cuh"
#include "trainer/cuda/train_launch.h"

template <typename T, int V>
static __device__ __forceinline__ void map_load(float (&to)[V], cedm_map map,
                                                size_t i)
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

static __device__ __forceinline__ void map_store_floats(float *to,
                                                        const float x[8])
{
    float4 half[2];

    memcpy(half, x, sizeof half);
    reinterpret_cast<float4 *>(to)[0] = half[0];
    reinterpret_cast<float4 *>(to)[1] = half[1];
}

/* Returns whether 16 bits could not hold one of them. */
template <typename T, int V>
static __device__ __forceinline__ bool map_store(cedm_map map, size_t i,
                                                 float (&x)[V])
{
    bool overflow = false;

    if constexpr (V == 1) {
        return cedm_put<T>(map, i, x[0]);
    } else {
        if (sizeof(T) == 4 || map.f32) {
            map_store_floats(static_cast<float *>(map.data) + i, x);
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
static __device__ __forceinline__ void map_floats(float (&to)[V],
                                                  const float *from)
{
    if constexpr (V == 8) {
        cedm_load8(to, from);
    } else {
        to[0] = from[0];
    }
}

/* silu'(u) = s (1 + u (1 - s)), s = 1 / (1 + e^-u), by the functions that
 * go with the type; 0 where e^-u is infinite. */
template <typename T>
static __device__ __forceinline__ float map_silu_slope(float u)
{
    float one_more = 1.0f + cedm_exp<T>(-u);
    float s = sizeof(T) == 4 ? 1.0f / one_more
                             : __fdividef(1.0f, one_more);

    return fmaf(u * s, 1.0f - s, s);
}

/* The concatenation of one or two maps of equal size. */
typedef struct map_pair {
    cedm_map map[2];
    uint32_t channels[2];
} map_pair;

/* Where channel c of a pixel (of all images, one after the other) lies. */
static __device__ __forceinline__ size_t map_pair_at(const map_pair &pair,
                                                     size_t pixel, uint32_t c,
                                                     uint32_t *which)
{
    *which = c >= pair.channels[0];
    return *which ? pixel * pair.channels[1] + (c - pair.channels[0])
                  : pixel * pair.channels[0] + c;
}

static inline map_pair map_pair_of(const train_cuda_exec *exec,
                                   const cedm_ref src[2],
                                   const uint32_t channels[2])
{
    map_pair pair = {};

    for (int s = 0; s < 2; s++) {
        pair.channels[s] = channels[s];
        pair.map[s] = cedm_map_at(&exec->base,
                                  channels[s] != 0 ? src[s] : CEDM_NONE);
    }
    return pair;
}

/* Calls function<T, 8 or 1>(...): the type of the precision, and 8 where
 * `eights` holds. */
#define TRAIN_BY_PRECISION(exec, eights, function, ...)                      \
    ((exec)->base.precision == CEDM_CUDA_FP16                                \
         ? ((eights) ? function<__half, 8>(__VA_ARGS__)                      \
                     : function<__half, 1>(__VA_ARGS__))                     \
     : (exec)->base.precision == CEDM_CUDA_BF16                              \
         ? ((eights) ? function<__nv_bfloat16, 8>(__VA_ARGS__)               \
                     : function<__nv_bfloat16, 1>(__VA_ARGS__))              \
         : ((eights) ? function<float, 8>(__VA_ARGS__)                       \
                     : function<float, 1>(__VA_ARGS__)))

#endif
