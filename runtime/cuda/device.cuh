/* SPDX-License-Identifier: MIT
 *
 * device.cuh - numbers and maps as kernels see them.
 *
 * Products and sums are written with fmaf where they are to be fused:
 * kernels are compiled with --fmad=false. */
#ifndef CEDM_CUDA_DEVICE_CUH
#define CEDM_CUDA_DEVICE_CUH

#include "runtime/cuda/launch.h"
#include "runtime/cuda/ptx.cuh"

/* ---- numbers ----------------------------------------------------------- */

static __device__ __forceinline__ float cedm_widen(float x)
{
    return x;
}

static __device__ __forceinline__ float cedm_widen(__half x)
{
    return __half2float(x);
}

static __device__ __forceinline__ float cedm_widen(__nv_bfloat16 x)
{
    return __bfloat162float(x);
}

static __device__ __forceinline__ void cedm_narrow(float *to, float x)
{
    *to = x;
}

static __device__ __forceinline__ void cedm_narrow(__half *to, float x)
{
    *to = __float2half_rn(x);
}

static __device__ __forceinline__ void cedm_narrow(__nv_bfloat16 *to, float x)
{
    *to = __float2bfloat16_rn(x);
}

/* False for infinities and NaNs. */
static __device__ __forceinline__ bool cedm_finite(float x)
{
    return x - x == 0.0f;
}

/* e^x: the fast function is a relative 2^-20 off at most where results
 * matter, far below the rounding of 16 bits (and so is the fast division);
 * in float, the exact one. */
template <typename T> static __device__ __forceinline__ float cedm_exp(float x)
{
    return sizeof(T) == 4 ? expf(x) : __expf(x);
}

template <typename T>
static __device__ __forceinline__ float cedm_silu(float x)
{
    float one_more = 1.0f + cedm_exp<T>(-x);

    return sizeof(T) == 4 ? x / one_more : __fdividef(x, one_more);
}

/* enum cedm_act. */
template <typename T>
static __device__ __forceinline__ float cedm_activate(float x, float a,
                                                      float b, uint32_t act)
{
    float t = fmaf(a, x, b);

    return act == CEDM_ACT_NONE ? x
        : act == CEDM_ACT_SILU ? cedm_silu<T>(t) : t;
}

/* Eight numbers of 16 bits at once. */
template <typename T>
static __device__ __forceinline__ void cedm_load8(float to[8], const T *from)
{
    uint4 bits = *reinterpret_cast<const uint4 *>(from);
    T x[8];

    memcpy(x, &bits, sizeof x);
#pragma unroll
    for (int i = 0; i < 8; i++) {
        to[i] = cedm_widen(x[i]);
    }
}

/* Rounds x to what is stored. */
template <typename T>
static __device__ __forceinline__ void cedm_store8(T *to, float x[8])
{
    T narrow[8];
    uint4 bits;

#pragma unroll
    for (int i = 0; i < 8; i++) {
        cedm_narrow(&narrow[i], x[i]);
        x[i] = cedm_widen(narrow[i]);
    }
    memcpy(&bits, narrow, sizeof bits);
    *reinterpret_cast<uint4 *>(to) = bits;
}

static __device__ __forceinline__ void cedm_load8(float to[8],
                                                  const float *from)
{
    float4 low = reinterpret_cast<const float4 *>(from)[0];
    float4 high = reinterpret_cast<const float4 *>(from)[1];

    to[0] = low.x, to[1] = low.y, to[2] = low.z, to[3] = low.w;
    to[4] = high.x, to[5] = high.y, to[6] = high.z, to[7] = high.w;
}

/* ---- maps -------------------------------------------------------------- */

/* Elements of type T, or floats. */
typedef struct cedm_map {
    void *data;
    uint32_t f32;
} cedm_map;

static inline cedm_map cedm_map_at(const cedm_cuda_exec *exec, cedm_ref ref)
{
    cedm_map map = {NULL, 0};

    if (ref != CEDM_NONE) {
        map.data = cedm_cuda_at(exec, ref);
        map.f32 = CEDM_REF_IS_F32(ref) ||
                  exec->precision == CEDM_CUDA_FP32;
    }
    return map;
}

/* From channel `index` of every pixel on. */
static inline cedm_map cedm_slice_at(const cedm_cuda_exec *exec, cedm_ref ref,
                                     uint32_t index)
{
    cedm_map map = cedm_map_at(exec, ref);

    map.data = static_cast<unsigned char *>(map.data) +
               (map.f32 ? 4 : cedm_cuda_act_bytes(exec->precision)) *
                   (size_t)index;
    return map;
}

template <typename T>
static __device__ __forceinline__ float cedm_get(cedm_map map, size_t i)
{
    return sizeof(T) == 4 || map.f32
        ? static_cast<const float *>(map.data)[i]
        : cedm_widen(static_cast<const T *>(map.data)[i]);
}

/* Returns whether 16 bits could not hold x. */
template <typename T>
static __device__ __forceinline__ bool cedm_put(cedm_map map, size_t i,
                                                float x)
{
    T *to = static_cast<T *>(map.data) + i;

    if (sizeof(T) == 4 || map.f32) {
        static_cast<float *>(map.data)[i] = x;
        return false;
    }
    cedm_narrow(to, x);
    return !cedm_finite(cedm_widen(*to));
}

/* ---- host -------------------------------------------------------------- */

static inline uint32_t cedm_blocks(uint64_t items, uint32_t of)
{
    return (uint32_t)((items + of - 1) / of);
}

/* Calls function<T>(...) for the type of the activations. */
#define CEDM_BY_PRECISION(exec, function, ...)                               \
    ((exec)->precision == CEDM_CUDA_FP16   ? function<__half>(__VA_ARGS__)   \
     : (exec)->precision == CEDM_CUDA_BF16                                   \
         ? function<__nv_bfloat16>(__VA_ARGS__)                              \
         : function<float>(__VA_ARGS__))

#endif
