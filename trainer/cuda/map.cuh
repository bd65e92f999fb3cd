/* SPDX-License-Identifier: MIT
 *
 * map.cuh - what kernels of training share about maps: one or two of them as
 * a concatenation, the slope of their activation. */
#ifndef CEDM_TRAINER_CUDA_MAP_CUH
#define CEDM_TRAINER_CUDA_MAP_CUH

#include "runtime/cuda/eights.cuh"
#include "trainer/cuda/train_launch.h"

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

#endif
