/* SPDX-License-Identifier: MIT
 *
 * attention_matrix.cuh - self-attention on tensor cores, compute capability
 * 8.0, for heads of up to D channels.
 *
 * A block has 64 queries, a warp 16 of them with all of their outputs in
 * registers.  Keys of the next tile arrive while values of this one are
 * multiplied, and the other way round.  Exponentials are rounded to 16 bits
 * for their product with the values, where the sums of a score's matrix are
 * already laid out as a left operand.
 *
 * A row in shared memory is one token: D / 8 chunks of 16 bytes, chunk q of
 * row r at q ^ (r % 8). */
#ifndef CEDM_CUDA_ATTENTION_MATRIX_CUH
#define CEDM_CUDA_ATTENTION_MATRIX_CUH

#include "runtime/cuda/attention.cuh"

#define FLASH_THREADS 128
#define FLASH_TOKENS 64 /* queries of a block, keys of a tile */
#define FLASH_LANES 0xffffffffu

template <typename T, int D> struct matrix_attention {
    static constexpr int CHUNKS = D / 8, KEYS = FLASH_TOKENS / 8;
    static constexpr int TILE = FLASH_TOKENS * D * 2; /* bytes */

    const cedm_attention_args &v;
    unsigned char *q, *k, *values;
    const T *src;
    uint32_t image, query, head;
    float sum[CHUNKS][4], largest[2], total[2];

    __device__ __forceinline__ matrix_attention(const cedm_attention_args &a)
        : v(a)
    {
        uint32_t tiles = (v.tokens + FLASH_TOKENS - 1) / FLASH_TOKENS;

        q = cedm_shared();
        k = q + TILE;
        values = k + TILE;
        query = blockIdx.x % tiles * FLASH_TOKENS;
        head = blockIdx.x / tiles % v.heads;
        image = blockIdx.x / tiles / v.heads;
        src = static_cast<const T *>(v.src) +
              (size_t)image * 3 * v.tokens * v.channels +
              (size_t)head * v.d;
#pragma unroll
        for (int i = 0; i < CHUNKS; i++) {
#pragma unroll
            for (int j = 0; j < 4; j++) {
                sum[i][j] = 0.0f;
            }
        }
        for (int i = 0; i < 2; i++) {
            largest[i] = -HUGE_VALF;
            total[i] = 0.0f;
        }
    }

    static __device__ __forceinline__ uint32_t chunk(uint32_t row,
                                                     uint32_t index)
    {
        return (row * CHUNKS + (index ^ (row & 7u))) * 16;
    }

    /* Queries (part 0), keys or values of a tile; zeros outside. */
    __device__ __forceinline__ void copy(unsigned char *to, uint32_t part,
                                         uint32_t first) const
    {
#pragma unroll 4
        for (uint32_t i = threadIdx.x; i < FLASH_TOKENS * CHUNKS;
             i += FLASH_THREADS) {
            uint32_t row = i / CHUNKS, c = i % CHUNKS;
            bool inside = first + row < v.tokens && c * 8 < v.d;
            size_t at = ((size_t)(first + row) * 3 + part) * v.channels +
                        c * 8;

            cedm_copy16(to + chunk(row, c), src + (inside ? at : 0), inside);
        }
    }

    /* score = q k, of this warp's queries. */
    __device__ __forceinline__ void scores(float (&score)[KEYS][4]) const
    {
        uint32_t lane = threadIdx.x % 32, warp = threadIdx.x / 32;

#pragma unroll
        for (int i = 0; i < KEYS; i++) {
#pragma unroll
            for (int j = 0; j < 4; j++) {
                score[i][j] = 0.0f;
            }
        }
#pragma unroll 2
        for (uint32_t c = 0; c < D / 16; c++) {
            uint32_t a[4], b[4];

            cedm_load_matrices(a, q + chunk(warp * 16 + lane % 16,
                                            2 * c + lane / 16));
#pragma unroll
            for (int i = 0; i < KEYS; i += 2) {
                cedm_load_matrices(
                    b, k + chunk(i * 8 + lane % 8 + lane / 16 * 8,
                                 2 * c + lane / 8 % 2));
                cedm_multiply<T>(score[i], a, b);
                cedm_multiply<T>(score[i + 1], a, b + 2);
            }
        }
    }

    /* Scores become exponentials; sums so far are scaled. */
    __device__ __forceinline__ void soften(float (&score)[KEYS][4],
                                           uint32_t key)
    {
        uint32_t column = key + threadIdx.x % 4 * 2;
        float most[2] = {largest[0], largest[1]}, factor[2];

#pragma unroll
        for (int i = 0; i < KEYS; i++) {
#pragma unroll
            for (int j = 0; j < 4; j++) {
                bool inside = column + i * 8 + j % 2 < v.tokens;

                score[i][j] = inside ? score[i][j] * v.scale : -HUGE_VALF;
                most[j / 2] = fmaxf(most[j / 2], score[i][j]);
            }
        }
#pragma unroll
        for (int r = 0; r < 2; r++) {
            most[r] = fmaxf(most[r],
                            __shfl_xor_sync(FLASH_LANES, most[r], 1));
            most[r] = fmaxf(most[r],
                            __shfl_xor_sync(FLASH_LANES, most[r], 2));
            factor[r] = __expf(largest[r] - most[r]);
            largest[r] = most[r];
            total[r] *= factor[r];
        }
#pragma unroll
        for (int i = 0; i < KEYS; i++) {
#pragma unroll
            for (int j = 0; j < 4; j++) {
                score[i][j] = __expf(score[i][j] - most[j / 2]);
                total[j / 2] += score[i][j];
            }
        }
#pragma unroll
        for (int i = 0; i < CHUNKS; i++) {
#pragma unroll
            for (int j = 0; j < 4; j++) {
                sum[i][j] *= factor[j / 2];
            }
        }
    }

    static __device__ __forceinline__ uint32_t pair(float low, float high)
    {
        T x[2];
        uint32_t bits;

        cedm_narrow(&x[0], low);
        cedm_narrow(&x[1], high);
        memcpy(&bits, x, sizeof bits);
        return bits;
    }

    /* sum += exponentials times values. */
    __device__ __forceinline__ void weigh(const float (&p)[KEYS][4])
    {
        uint32_t lane = threadIdx.x % 32;

#pragma unroll
        for (int i = 0; i < KEYS; i += 2) {
            const uint32_t a[4] = {
                pair(p[i][0], p[i][1]), pair(p[i][2], p[i][3]),
                pair(p[i + 1][0], p[i + 1][1]),
                pair(p[i + 1][2], p[i + 1][3])};

#pragma unroll
            for (int c = 0; c < CHUNKS; c += 2) {
                uint32_t b[4];

                cedm_load_matrices_transposed(
                    b, values + chunk(i * 8 + lane % 16, c + lane / 16));
                cedm_multiply<T>(sum[c], a, b);
                cedm_multiply<T>(sum[c + 1], a, b + 2);
            }
        }
    }

    __device__ __forceinline__ void attend()
    {
        copy(q, 0, query);
        copy(k, 1, 0);
        cedm_copy_commit();
        copy(values, 2, 0);
        cedm_copy_commit();
        for (uint32_t key = 0; key < v.tokens; key += FLASH_TOKENS) {
            bool more = key + FLASH_TOKENS < v.tokens;
            float score[KEYS][4];

            cedm_copy_wait<1>();
            __syncthreads();
            scores(score);
            __syncthreads();
            if (more) {
                copy(k, 1, key + FLASH_TOKENS);
            }
            cedm_copy_commit();
            soften(score, key);
            cedm_copy_wait<1>();
            __syncthreads();
            weigh(score);
            __syncthreads();
            if (more) {
                copy(values, 2, key + FLASH_TOKENS);
            }
            cedm_copy_commit();
        }
    }

    __device__ __forceinline__ void write()
    {
        uint32_t lane = threadIdx.x % 32, warp = threadIdx.x / 32;
        uint32_t t = query + warp * 16 + lane / 4, c = lane % 4 * 2;
        T *dst = static_cast<T *>(v.dst) +
                 (size_t)image * v.tokens * v.channels + (size_t)head * v.d;
        bool finite = true;

#pragma unroll
        for (int r = 0; r < 2; r++) {
            total[r] += __shfl_xor_sync(FLASH_LANES, total[r], 1);
            total[r] += __shfl_xor_sync(FLASH_LANES, total[r], 2);
        }
#pragma unroll
        for (int i = 0; i < CHUNKS; i++) {
#pragma unroll
            for (int r = 0; r < 2; r++) {
                float low = sum[i][2 * r] / total[r];
                float high = sum[i][2 * r + 1] / total[r];

                if (t + 8 * r < v.tokens && (uint32_t)(8 * i) < v.d) {
                    uint32_t bits = pair(low, high);
                    T x[2];

                    memcpy(x, &bits, sizeof x);
                    finite = finite && cedm_finite(cedm_widen(x[0])) &&
                             cedm_finite(cedm_widen(x[1]));
                    *reinterpret_cast<uint32_t *>(
                        dst + (size_t)(t + 8 * r) * v.channels + 8 * i + c) =
                        bits;
                }
            }
        }
        if (!finite) {
            atomicOr(&v.overflow[image], CEDM_CUDA_OVERFLOW);
        }
    }
};

/* Blocks: tiles of queries, then heads, then images. */
template <typename T, int D>
__global__ void __launch_bounds__(FLASH_THREADS)
attention_matrix(cedm_attention_args v)
{
    matrix_attention<T, D> attention(v);

    attention.attend();
    attention.write();
}

#endif
