/* SPDX-License-Identifier: MIT
 *
 * product_plain.cuh - products by multiply-adds in float, for every size and
 * type.  A block stages 16 elements of K; a thread has 4 x 4 outputs. */
#ifndef CEDM_TRAINER_CUDA_PRODUCT_PLAIN_CUH
#define CEDM_TRAINER_CUDA_PRODUCT_PLAIN_CUH

#include "trainer/cuda/product.cuh"

#define PRODUCT_THREADS 256
#define PRODUCT_TILE 64
#define PRODUCT_STEP 16
#define PRODUCT_ROW (PRODUCT_TILE + 1)

/* to[k][i] = element of line first + i, 0 outside; ACROSS: lines are what
 * lies side by side in memory, and K goes from row to row. */
template <typename T, bool ACROSS>
static __device__ void product_stage(float *to, const T *from, uint32_t row,
                                     uint32_t first, uint32_t lines,
                                     uint32_t k0, uint32_t depth)
{
    for (uint32_t e = threadIdx.x; e < PRODUCT_TILE * PRODUCT_STEP;
         e += PRODUCT_THREADS) {
        uint32_t i = ACROSS ? e % PRODUCT_TILE : e / PRODUCT_STEP;
        uint32_t k = ACROSS ? e / PRODUCT_TILE : e % PRODUCT_STEP;
        uint32_t line = first + i, at = k0 + k;
        size_t place = ACROSS ? (size_t)at * row + line
                              : (size_t)line * row + at;

        to[k * PRODUCT_ROW + i] =
            line < lines && at < depth ? cedm_widen(from[place]) : 0.0f;
    }
}

/* A_ACROSS: A is given as [k][m], else [m][k]; B_ACROSS: B is [k][n], else
 * [n][k].  Blocks: x tiles of m, y tiles of n, z heads. */
template <typename T, typename C, bool A_ACROSS, bool B_ACROSS>
__global__ void __launch_bounds__(PRODUCT_THREADS)
product_plain(product_args v)
{
    float *left = reinterpret_cast<float *>(cedm_shared());
    float *right = left + PRODUCT_STEP * PRODUCT_ROW;
    const T *a = product_data<T>(v.a, v.heads);
    const T *b = product_data<T>(v.b, v.heads);
    cedm_map c = {product_data<C>(v.c, v.heads), sizeof(C) == 4};
    uint32_t m0 = blockIdx.x * PRODUCT_TILE, n0 = blockIdx.y * PRODUCT_TILE;
    float sum[4][4] = {};
    bool overflow = false;

    for (uint32_t k0 = 0; k0 < v.k; k0 += PRODUCT_STEP) {
        __syncthreads();
        product_stage<T, A_ACROSS>(left, a, v.a.row, m0, v.m, k0, v.k);
        product_stage<T, B_ACROSS>(right, b, v.b.row, n0, v.n, k0, v.k);
        __syncthreads();
#pragma unroll 4
        for (int k = 0; k < PRODUCT_STEP; k++) {
#pragma unroll
            for (int i = 0; i < 16; i++) {
                sum[i / 4][i % 4] =
                    fmaf(left[k * PRODUCT_ROW + threadIdx.x / 16 +
                              i / 4 * 16],
                         right[k * PRODUCT_ROW + threadIdx.x % 16 +
                               i % 4 * 16],
                         sum[i / 4][i % 4]);
            }
        }
    }
    for (int i = 0; i < 16; i++) {
        uint32_t m = m0 + threadIdx.x / 16 + i / 4 * 16;
        uint32_t n = n0 + threadIdx.x % 16 + i % 4 * 16;

        if (m < v.m && n < v.n) {
            overflow |= cedm_put<C>(c, (size_t)m * v.c.row + n,
                                    sum[i / 4][i % 4] * v.scale);
        }
    }
    if (overflow) {
        atomicOr(&v.overflow[blockIdx.z / v.heads], CEDM_CUDA_OVERFLOW);
    }
}

static constexpr size_t product_plain_shared()
{
    return sizeof(float) * 2 * PRODUCT_STEP * PRODUCT_ROW;
}

#endif
