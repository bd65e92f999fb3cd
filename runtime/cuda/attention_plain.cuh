/* SPDX-License-Identifier: MIT
 *
 * attention_plain.cuh - self-attention by multiply-adds in float, for every
 * size and type.
 *
 * A block has 16 queries of a head, and tiles of 64 keys.  Thread (r, c)
 * makes scores c, c + 16, ... of query r and up to 16 output channels. */
#ifndef CEDM_CUDA_ATTENTION_PLAIN_CUH
#define CEDM_CUDA_ATTENTION_PLAIN_CUH

#include "runtime/cuda/attention.cuh"

#define ATTEND_THREADS 256
#define ATTEND_QUERIES 16
#define ATTEND_KEYS 64
#define ATTEND_STEP 32    /* channels staged at a time */
#define ATTEND_OUTPUTS 16 /* channels of a thread */
#define ATTEND_WIDTH (ATTEND_OUTPUTS * 16)

struct attend_shared {
    float q[ATTEND_QUERIES][ATTEND_STEP + 1];
    float k[ATTEND_KEYS][ATTEND_STEP + 1];
    float score[ATTEND_QUERIES][ATTEND_KEYS + 1];
};

/* What one block looks at: a head of an image. */
template <typename T> struct attend_head {
    const T *q, *k, *v;
    size_t step; /* from token to token */
    uint32_t tokens, d;
};

/* rows x ATTEND_STEP elements from channel c on, zeros outside. */
template <typename T>
static __device__ void attend_stage(const attend_head<T> &h, float *to,
                                    const T *from, uint32_t first,
                                    uint32_t rows, uint32_t c)
{
    for (uint32_t i = threadIdx.x; i < rows * ATTEND_STEP;
         i += ATTEND_THREADS) {
        uint32_t r = i / ATTEND_STEP, e = i % ATTEND_STEP;
        bool inside = first + r < h.tokens && c + e < h.d;

        to[r * (ATTEND_STEP + 1) + e] =
            inside ? cedm_widen(from[(first + r) * h.step + c + e]) : 0.0f;
    }
}

/* Scores of a tile, those of missing keys minus infinity. */
template <typename T>
static __device__ void attend_scores(attend_shared *s,
                                     const attend_head<T> &h,
                                     uint32_t query, uint32_t key,
                                     float scale)
{
    uint32_t r = threadIdx.x / 16, c = threadIdx.x % 16;
    float sum[ATTEND_KEYS / 16] = {};

    for (uint32_t first = 0; first < h.d; first += ATTEND_STEP) {
        __syncthreads();
        attend_stage(h, s->q[0], h.q, query, ATTEND_QUERIES, first);
        attend_stage(h, s->k[0], h.k, key, ATTEND_KEYS, first);
        __syncthreads();
        for (int e = 0; e < ATTEND_STEP; e++) {
#pragma unroll
            for (int j = 0; j < ATTEND_KEYS / 16; j++) {
                sum[j] = fmaf(s->q[r][e], s->k[c + 16 * j][e], sum[j]);
            }
        }
    }
#pragma unroll
    for (int j = 0; j < ATTEND_KEYS / 16; j++) {
        uint32_t u = c + 16 * j;

        s->score[r][u] = key + u < h.tokens ? sum[j] * scale : -HUGE_VALF;
    }
}

/* Blocks: x tiles of queries, then heads, then images; y output channels. */
template <typename T>
__global__ void __launch_bounds__(ATTEND_THREADS)
attention_plain(cedm_attention_args v)
{
    attend_shared *s = reinterpret_cast<attend_shared *>(cedm_shared());
    uint32_t tiles = (v.tokens + ATTEND_QUERIES - 1) / ATTEND_QUERIES;
    uint32_t query = blockIdx.x % tiles * ATTEND_QUERIES;
    uint32_t head = blockIdx.x / tiles % v.heads;
    uint32_t image = blockIdx.x / tiles / v.heads;
    uint32_t r = threadIdx.x / 16, c = threadIdx.x % 16;
    uint32_t out = blockIdx.y * ATTEND_WIDTH + c;
    size_t map = (size_t)v.tokens * v.channels;
    const T *src = static_cast<const T *>(v.src) + image * 3 * map +
                   (size_t)head * v.d;
    attend_head<T> h = {src, src + v.channels, src + 2 * (size_t)v.channels,
                        3 * (size_t)v.channels, v.tokens, v.d};
    float largest = -HUGE_VALF, total = 0.0f, sum[ATTEND_OUTPUTS] = {};

    for (uint32_t key = 0; key < v.tokens; key += ATTEND_KEYS) {
        uint32_t left = v.tokens - key;
        float before = largest, factor;

        attend_scores(s, h, query, key, v.scale);
        __syncthreads();
        for (int u = 0; u < ATTEND_KEYS; u++) {
            largest = fmaxf(largest, s->score[r][u]);
        }
        factor = cedm_exp<T>(before - largest);
        total *= factor;
#pragma unroll
        for (int j = 0; j < ATTEND_OUTPUTS; j++) {
            sum[j] *= factor;
        }
        for (uint32_t u = 0; u < (left < ATTEND_KEYS ? left : ATTEND_KEYS);
             u++) {
            float p = cedm_exp<T>(s->score[r][u] - largest);
            const T *value = h.v + (key + u) * h.step;

            total += p;
#pragma unroll
            for (int j = 0; j < ATTEND_OUTPUTS; j++) {
                if (out + 16 * j < v.d) {
                    sum[j] = fmaf(p, cedm_widen(value[out + 16 * j]),
                                  sum[j]);
                }
            }
        }
    }
    for (int j = 0; j < ATTEND_OUTPUTS; j++) {
        cedm_map dst = {v.dst, sizeof(T) == 4};
        size_t at = image * map + (query + r) * (size_t)v.channels +
                    (size_t)head * v.d + out + 16 * j;

        if (query + r < v.tokens && out + 16 * j < v.d &&
            cedm_put<T>(dst, at, sum[j] / total)) {
            atomicOr(&v.overflow[image], CEDM_CUDA_OVERFLOW);
        }
    }
}

#endif
