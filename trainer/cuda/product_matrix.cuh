/* SPDX-License-Identifier: MIT
 *
 * product_matrix.cuh - products on tensor cores, compute capability 8.0.
 *
 * A block makes 64 x 64 outputs in steps of 32 elements of K, which arrive in
 * a ring of three.  What lies along K in memory is a row of 32 elements in
 * shared memory, what lies across it 32 rows of 64, loaded transposed.  Rows
 * and K may end anywhere; what is side by side comes in chunks of eight that
 * are whole or zero. */
#ifndef CEDM_TRAINER_CUDA_PRODUCT_MATRIX_CUH
#define CEDM_TRAINER_CUDA_PRODUCT_MATRIX_CUH

#include "trainer/cuda/product.cuh"

#define TENSOR_THREADS 128
#define TENSOR_TILE 64
#define TENSOR_STEP 32
#define TENSOR_STAGES 3
#define TENSOR_BYTES (TENSOR_TILE * TENSOR_STEP * 2) /* an operand's stage */
#define TENSOR_SHARED (TENSOR_STAGES * 2 * TENSOR_BYTES)

/* Byte of chunk q of row r of an operand. */
template <bool ACROSS>
static __device__ __forceinline__ uint32_t tensor_chunk(uint32_t r,
                                                        uint32_t q)
{
    return ACROSS ? r * 128 + ((q ^ (r & 7u)) << 4)
                  : r * 64 + ((q ^ (r >> 1 & 3u)) << 4);
}

/* Lines first .. first + 63 of a step. */
template <typename T, bool ACROSS>
static __device__ __forceinline__ void
tensor_copy(unsigned char *to, const T *from, uint32_t row, uint32_t first,
            uint32_t lines, uint32_t k0, uint32_t depth)
{
    constexpr uint32_t CHUNKS = ACROSS ? 8 : 4; /* of a row */

#pragma unroll
    for (uint32_t i = threadIdx.x; i < TENSOR_TILE * TENSOR_STEP / 8;
         i += TENSOR_THREADS) {
        uint32_t r = i / CHUNKS, q = i % CHUNKS;
        uint32_t line = first + (ACROSS ? q * 8 : r);
        uint32_t k = k0 + (ACROSS ? r : q * 8);
        bool inside = line < lines && k < depth;
        size_t at = ACROSS ? (size_t)k * row + line : (size_t)line * row + k;

        cedm_copy16(to + tensor_chunk<ACROSS>(r, q), from + (inside ? at : 0),
                    inside);
    }
}

/* The left operand of 16 lines at 16 elements of K. */
template <bool ACROSS>
static __device__ __forceinline__ void
tensor_left(uint32_t out[4], const unsigned char *stage, uint32_t line,
            uint32_t k)
{
    uint32_t lane = threadIdx.x % 32;

    if constexpr (ACROSS) {
        cedm_load_matrices_transposed(
            out, stage + tensor_chunk<true>(k + lane % 8 + lane / 16 * 8,
                                            line / 8 + lane / 8 % 2));
    } else {
        cedm_load_matrices(out, stage + tensor_chunk<false>(
                                            line + lane % 16,
                                            k / 8 + lane / 16));
    }
}

/* Right operands of 2 x 8 lines. */
template <bool ACROSS>
static __device__ __forceinline__ void
tensor_right(uint32_t out[4], const unsigned char *stage, uint32_t line,
             uint32_t k)
{
    uint32_t lane = threadIdx.x % 32;

    if constexpr (ACROSS) {
        cedm_load_matrices_transposed(
            out, stage + tensor_chunk<true>(k + lane % 16,
                                            line / 8 + lane / 16));
    } else {
        cedm_load_matrices(
            out, stage + tensor_chunk<false>(
                             line + lane % 8 + lane / 16 * 8,
                             k / 8 + lane / 8 % 2));
    }
}

/* Of a warp, 32 x 32 outputs. */
template <typename T, bool A_ACROSS, bool B_ACROSS>
static __device__ __forceinline__ void
tensor_multiply(float (&sum)[2][4][4], const unsigned char *left,
                const unsigned char *right)
{
    uint32_t warp = threadIdx.x / 32;

#pragma unroll
    for (uint32_t k = 0; k < TENSOR_STEP; k += 16) {
        uint32_t a[2][4], b[2][4];

#pragma unroll
        for (int i = 0; i < 2; i++) {
            tensor_left<A_ACROSS>(a[i], left, warp / 2 * 32 + i * 16, k);
            tensor_right<B_ACROSS>(b[i], right, warp % 2 * 32 + i * 16, k);
        }
#pragma unroll
        for (int i = 0; i < 8; i++) {
            cedm_multiply<T>(sum[i / 4][i % 4], a[i / 4],
                             b[i % 4 / 2] + i % 2 * 2);
        }
    }
}

/* A_ACROSS: A is given as [k][m], else [m][k]; B_ACROSS: B is [k][n], else
 * [n][k].  Blocks: x tiles of m, y tiles of n, z heads. */
template <typename T, typename C, bool A_ACROSS, bool B_ACROSS>
__global__ void __launch_bounds__(TENSOR_THREADS)
product_tensor(product_args v)
{
    unsigned char *stages = cedm_shared();
    const T *a = product_data<T>(v.a, v.heads);
    const T *b = product_data<T>(v.b, v.heads);
    cedm_map c = {product_data<C>(v.c, v.heads), sizeof(C) == 4};
    uint32_t m0 = blockIdx.x * TENSOR_TILE, n0 = blockIdx.y * TENSOR_TILE;
    uint32_t lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    uint32_t steps = (v.k + TENSOR_STEP - 1) / TENSOR_STEP;
    float sum[2][4][4] = {};
    bool overflow = false;
    auto fetch = [&](uint32_t step) {
        unsigned char *to = stages + step % TENSOR_STAGES * 2 * TENSOR_BYTES;

        if (step < steps) {
            tensor_copy<T, A_ACROSS>(to, a, v.a.row, m0, v.m,
                                     step * TENSOR_STEP, v.k);
            tensor_copy<T, B_ACROSS>(to + TENSOR_BYTES, b, v.b.row, n0, v.n,
                                     step * TENSOR_STEP, v.k);
        }
        cedm_copy_commit();
    };

    fetch(0);
    fetch(1);
    for (uint32_t step = 0; step < steps; step++) {
        const unsigned char *from = stages + step % TENSOR_STAGES * 2 *
                                                 TENSOR_BYTES;

        cedm_copy_wait<1>();
        __syncthreads();
        fetch(step + 2);
        tensor_multiply<T, A_ACROSS, B_ACROSS>(sum, from,
                                               from + TENSOR_BYTES);
    }
    cedm_copy_wait<0>();
#pragma unroll
    for (int i = 0; i < 32; i++) {
        uint32_t m = m0 + warp / 2 * 32 + i / 16 * 16 + i / 2 % 2 * 8 +
                     lane / 4;
        uint32_t n = n0 + warp % 2 * 32 + i / 4 % 4 * 8 + lane % 4 * 2 +
                     i % 2;

        if (m < v.m && n < v.n) {
            overflow |= cedm_put<C>(c, (size_t)m * v.c.row + n,
                                    sum[i / 16][i / 4 % 4][i % 4] * v.scale);
        }
    }
    if (overflow) {
        atomicOr(&v.overflow[blockIdx.z / v.heads], CEDM_CUDA_OVERFLOW);
    }
}

#endif
