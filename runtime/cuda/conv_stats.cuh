/* SPDX-License-Identifier: MIT
 *
 * conv_stats.cuh - mean and M2 of the channels of a run of pixels, in two
 * passes around the run's first value, in an order that is always the same.
 */
#ifndef CEDM_CUDA_CONV_STATS_CUH
#define CEDM_CUDA_CONV_STATS_CUH

#include "cuda/conv.cuh"

#define STATS_COLUMNS 64

/* Adds up what the PARTS threads of a column have, part after part. */
template <int PARTS>
static __device__ __forceinline__ float stats_total(float *parts, float mine,
                                                    uint32_t part,
                                                    uint32_t column)
{
    float sum = 0.0f;

    __syncthreads();
    parts[part * STATS_COLUMNS + column] = mine;
    __syncthreads();
#pragma unroll
    for (int i = 0; i < PARTS; i++) {
        sum += parts[i * STATS_COLUMNS + column];
    }
    return sum;
}

/* load(p) is pixel p of this thread's column.  All threads of the block,
 * PARTS x STATS_COLUMNS of them, call this; `parts` is as many floats of
 * shared memory.  A column that there is not has `write` false. */
template <int PARTS, typename F>
static __device__ __forceinline__ void stats_of(F load, uint32_t pixels,
                                                float *parts, float *mean,
                                                float *m2, bool write)
{
    uint32_t column = threadIdx.x % STATS_COLUMNS;
    uint32_t part = threadIdx.x / STATS_COLUMNS;
    float origin = load(0), sum = 0.0f, squares = 0.0f, middle;

    for (uint32_t p = part; p < pixels; p += PARTS) {
        sum += load(p) - origin;
    }
    sum = stats_total<PARTS>(parts, sum, part, column);
    middle = origin + sum / (float)pixels;
    for (uint32_t p = part; p < pixels; p += PARTS) {
        float d = load(p) - middle;

        squares = fmaf(d, d, squares);
    }
    squares = stats_total<PARTS>(parts, squares, part, column);
    if (write && part == 0) {
        *mean = middle;
        *m2 = squares;
    }
}

/* The statistics of a map, and whether 16 bits held it.  Blocks: x partials
 * of the images, y columns. */
template <typename T>
__global__ void __launch_bounds__(4 * STATS_COLUMNS)
conv_stats(cedm_conv_args v)
{
    float *parts = reinterpret_cast<float *>(cedm_shared());
    uint32_t partials = (v.height + v.stat_rows - 1) / v.stat_rows;
    uint32_t image = blockIdx.x / partials, partial = blockIdx.x % partials;
    uint32_t row = partial * v.stat_rows, left = v.height - row;
    uint32_t pixels = (left < v.stat_rows ? left : v.stat_rows) * v.width;
    uint32_t co = blockIdx.y * STATS_COLUMNS + threadIdx.x % STATS_COLUMNS;
    bool exists = co < v.cout;
    size_t first = ((size_t)image * v.height + row) * v.width;
    float *stats = v.stats + (size_t)blockIdx.x * 2 * v.cout + co;
    auto load = [&](uint32_t p) {
        return exists ? cedm_get<T>(v.dst, (first + p) * v.cout + co)
                      : 0.0f;
    };

    if (!v.dst.f32) {
        uint32_t p = threadIdx.x / STATS_COLUMNS;
        bool finite = true;

        for (; p < pixels; p += 4) {
            finite = finite && cedm_finite(load(p));
        }
        if (!finite) {
            atomicOr(&v.overflow[image], CEDM_CUDA_OVERFLOW);
        }
    }
    if (v.stats != NULL) {
        stats_of<4>(load, pixels, parts, stats, stats + v.cout, exists);
    }
}

#endif
