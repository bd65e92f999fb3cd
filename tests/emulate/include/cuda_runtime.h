/* SPDX-License-Identifier: MIT
 *
 * cuda_runtime.h - the part of CUDA's header that kernels use, on the
 * emulator: qualifiers, vectors, device functions, warp shuffles. */
#ifndef CEDM_TESTS_EMULATE_INCLUDE_CUDA_RUNTIME_H
#define CEDM_TESTS_EMULATE_INCLUDE_CUDA_RUNTIME_H

#include <cmath>
#include <cstring>

#include "tests/emulate/emulate.h"

#define __global__ static
#define __device__
#define __host__
#define __forceinline__ inline
#define __restrict__
#define __launch_bounds__(...)
#define __grid_constant__
#define __shared__ static /* blocks run one after the other */
#define __align__(n) alignas(n)

struct float2 {
    float x, y;
};
struct alignas(16) float4 {
    float x, y, z, w;
};
struct uint2 {
    unsigned x, y;
};
struct alignas(16) uint4 {
    unsigned x, y, z, w;
};

inline float2 make_float2(float x, float y)
{
    return {x, y};
}
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w)
{
    return {x, y, z, w};
}

typedef void *cudaStream_t;
enum { cudaErrorMemoryAllocation = 2 };
enum { cudaMemcpyDeviceToDevice = 3 };

inline int cudaMemcpyAsync(void *to, const void *from, size_t bytes, int,
                           cudaStream_t)
{
    emulate_queue([=] { memcpy(to, from, bytes); });
    return 0;
}

inline void __syncthreads()
{
    emulate_syncthreads();
}
inline void __syncwarp(unsigned = 0xffffffffu)
{
    emulate_warp([](void *[EMULATE_LANES]) {}, nullptr);
}

inline float __expf(float x)
{
    return expf(x);
}
inline float __fdividef(float a, float b)
{
    return a / b;
}
inline float __logf(float x)
{
    return logf(x);
}
inline void __sincosf(float x, float *sine, float *cosine)
{
    *sine = sinf(x);
    *cosine = cosf(x);
}
inline void sincospi(double x, double *sine, double *cosine)
{
    *sine = sin(x * 3.14159265358979323846);
    *cosine = cos(x * 3.14159265358979323846);
}
inline unsigned __umulhi(unsigned a, unsigned b)
{
    return static_cast<unsigned>(static_cast<uint64_t>(a) * b >> 32);
}
inline unsigned atomicOr(unsigned *at, unsigned bits)
{
    unsigned old = *at;

    *at |= bits;
    return old;
}

/* The value of lane (own ^ mask). */
template <typename V> V __shfl_xor_sync(unsigned, V value, int mask)
{
    struct part {
        V value, out;
        int mask;
    } mine = {value, value, mask};

    emulate_warp(
        [](void *lanes[EMULATE_LANES]) {
            for (int i = 0; i < EMULATE_LANES; i++) {
                part *p = static_cast<part *>(lanes[i]);

                p->out =
                    static_cast<part *>(lanes[(i ^ p->mask) % EMULATE_LANES])
                        ->value;
            }
        },
        &mine);
    return mine.out;
}

#endif
