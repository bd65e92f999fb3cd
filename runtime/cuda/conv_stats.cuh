/* SPDX-License-Identifier: MIT
 *
 * conv_stats.cuh - mean and M2 of the channels of a run of pixels, in two
 * passes around the run's first value, in an order that is always the same.
 */
#ifndef CEDM_CUDA_CONV_STATS_CUH
#define CEDM_CUDA_CONV_STATS_CUH

#include "runtime/cuda/conv.cuh"

#define STATS_COLUMNS 64

/* Who works together: THREADS of them, for columns of statistics PARTS x
 * STATS_COLUMNS; here, a block. */
template <int PARTS_> struct block_group {
    static constexpr int PARTS = PARTS_, THREADS = PARTS * STATS_COLUMNS;

    static __device__ __forceinline__ uint32_t rank()
    {
        return threadIdx.x;
    }

    static __device__ __forceinline__ void sync()
    {
        __syncthreads();
    }
};

/* Adds up what the threads of a column have, part after part. */
template <typename GROUP>
static __device__ __forceinline__ float stats_total(float *parts, float mine,
                                                    uint32_t part,
                                                    uint32_t column)
{
    float sum = 0.0f;

    GROUP::sync();
    parts[part * STATS_COLUMNS + column] = mine;
    GROUP::sync();
#pragma unroll
    for (int i = 0; i < GROUP::PARTS; i++) {
        sum += parts[i * STATS_COLUMNS + column];
    }
    return sum;
}

/* load(p) is pixel p of this thread's column.  All threads of the group call
 * this; `parts` is as many floats of shared memory.  A column that there is
 * not has `write` false. */
template <typename GROUP, typename F>
static __device__ __forceinline__ void stats_of(F load, uint32_t pixels,
                                                float *parts, float *mean,
                                                float *m2, bool write)
{
    uint32_t column = GROUP::rank() % STATS_COLUMNS;
    uint32_t part = GROUP::rank() / STATS_COLUMNS;
    float origin = load(0), sum = 0.0f, squares = 0.0f, middle;

    for (uint32_t p = part; p < pixels; p += GROUP::PARTS) {
        sum += load(p) - origin;
    }
    sum = stats_total<GROUP>(parts, sum, part, column);
    middle = origin + sum / (float)pixels;
    for (uint32_t p = part; p < pixels; p += GROUP::PARTS) {
        float d = load(p) - middle;

        squares = fmaf(d, d, squares);
    }
    squares = stats_total<GROUP>(parts, squares, part, column);
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
        return exists ? cedm_get<T>(v.dst, (first + p) * v.dst_stride + co)
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
        stats_of<block_group<4>>(load, pixels, parts, stats, stats + v.cout,
                                 exists);
    }
}

#endif
