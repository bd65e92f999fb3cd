/* SPDX-License-Identifier: MIT
 *
 * norm_coeff.cuh - group normalisation as one pair of numbers per channel.
 *
 * A warp has one group of one image, so that all of its loads are under way
 * at once and nothing waits for other warps.  Sums are of differences from
 * one of the means that are added up: for n of them the square of the
 * distance from the group's mean is at most n times the variance, so that
 * doubles lose no more than n of their 2^53, and one pass serves. */
#ifndef CEDM_CUDA_NORM_COEFF_CUH
#define CEDM_CUDA_NORM_COEFF_CUH

#include "runtime/cuda/device.cuh"

#define NORM_WARPS 4 /* groups of a block */
#define NORM_AT_ONCE 4 /* loads of a lane that are under way */

struct norm_args {
    const float *stats[2], *adaptive;
    const float *gamma, *beta; /* gamma NULL: 1 and 0 */
    float *dst;
    uint32_t height, width, channels[2], groups, stat_rows, partials;
    uint32_t adaptive_stride;
    float eps;
};

/* An image's means of channel c; squares are `channels` further on. */
static __device__ __forceinline__ const float *
norm_stats(const norm_args &v, uint32_t c, uint32_t *channels)
{
    bool second = c >= v.channels[0];
    const float *stats = second ? v.stats[1] : v.stats[0];

    *channels = second ? v.channels[1] : v.channels[0];
    return stats + (size_t)blockIdx.x * 2 * v.partials * *channels +
           (second ? c - v.channels[0] : c);
}

/* Adds up pixels times distance from `origin`, and squares around it, of
 * channel c's partials first, first + step, ... */
static __device__ __forceinline__ void
norm_channel(double sum[2], const norm_args &v, uint32_t c, uint32_t first,
             uint32_t step, double origin)
{
    uint32_t channels;
    const float *stats = norm_stats(v, c, &channels);

    for (uint32_t at = first; at < v.partials; at += NORM_AT_ONCE * step) {
        float mean[NORM_AT_ONCE], squares[NORM_AT_ONCE];

#pragma unroll
        for (uint32_t i = 0; i < NORM_AT_ONCE; i++) {
            uint32_t p = at + i * step;

            mean[i] = p < v.partials ? stats[2 * p * channels] : 0;
            squares[i] = p < v.partials ? stats[(2 * p + 1) * channels] : 0;
        }
#pragma unroll
        for (uint32_t i = 0; i < NORM_AT_ONCE; i++) {
            int left = (int)v.height - (int)((at + i * step) * v.stat_rows);
            int rows = left < (int)v.stat_rows ? left : (int)v.stat_rows;
            double count = (double)(rows > 0 ? rows * (int)v.width : 0);
            double d = (double)mean[i] - origin;

            sum[0] += count * d;
            sum[1] += (double)squares[i] + count * (d * d);
        }
    }
}

static __device__ __forceinline__ void norm_add_lanes(double sum[2])
{
#pragma unroll
    for (int mask = 16; mask != 0; mask /= 2) {
        sum[0] += __shfl_xor_sync(0xffffffffu, sum[0], mask);
        sum[1] += __shfl_xor_sync(0xffffffffu, sum[1], mask);
    }
}

/* What a norm does to a channel besides. */
struct norm_affine {
    float gamma, beta, scale, shift;
};

static __device__ __forceinline__ norm_affine
norm_affine_of(const norm_args &v, uint32_t c)
{
    norm_affine f = {1, 0, 0, 0};

    if (v.gamma != NULL) {
        f.gamma = v.gamma[c];
        f.beta = v.beta[c];
    }
    if (v.adaptive != NULL) {
        const float *adaptive =
            v.adaptive + (size_t)blockIdx.x * v.adaptive_stride + c;

        f.scale = adaptive[0];
        f.shift = adaptive[v.channels[0] + v.channels[1]];
    }
    return f;
}

static __device__ __forceinline__ void
norm_write(const norm_args &v, uint32_t c, const norm_affine &f, double mean,
           double inverse)
{
    uint32_t channels = v.channels[0] + v.channels[1];
    float *dst = v.dst + (size_t)blockIdx.x * 2 * channels + c;
    double scale = 1.0 + (double)f.scale, a = (double)f.gamma * inverse;
    double b = (double)f.beta - mean * a;

    dst[0] = (float)(a * scale);
    dst[channels] = (float)(b * scale + (double)f.shift);
}

namespace { /* of every file that includes it */

/* Blocks: x images, y groups.  A lane has a channel of each 32, and a few
 * lanes share one where there are fewer. */
__global__ void __launch_bounds__(32 * NORM_WARPS) norm_coeff(norm_args v)
{
    uint32_t lane = threadIdx.x % 32;
    uint32_t group = blockIdx.y * NORM_WARPS + threadIdx.x / 32;
    uint32_t size = (v.channels[0] + v.channels[1]) / v.groups;
    uint32_t first = group * size, step = size < 32 ? 32 / size : 1;
    double sum[2] = {0, 0}, origin, share, middle, inverse;
    norm_affine f = {};
    uint32_t channels;

    if (group >= v.groups) {
        return;
    }
    if (lane < size) {
        f = norm_affine_of(v, first + lane);
    }
    origin = (double)*norm_stats(v, first, &channels);
    for (uint32_t c = lane % size; c < size && lane / size < step; c += 32) {
        norm_channel(sum, v, first + c, lane / size, step, origin);
    }
    norm_add_lanes(sum);
    share = 1.0 / ((double)v.height * v.width * size);
    middle = sum[0] * share;
    inverse = 1.0 / sqrt(sum[1] * share - middle * middle + (double)v.eps);
    for (uint32_t c = lane; c < size; c += 32) {
        f = c == lane ? f : norm_affine_of(v, first + c);
        norm_write(v, first + c, f, origin + middle, inverse);
    }
}

} // namespace

/* Queues it for all images. */
static inline int norm_queue(const norm_args *v, uint32_t images,
                             void *stream)
{
    dim3 grid(images, cedm_blocks(v->groups, NORM_WARPS));

    return CEDM_LAUNCH(norm_coeff, grid, 32 * NORM_WARPS, 0, stream, *v);
}

#endif
