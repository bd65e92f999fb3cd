/* SPDX-License-Identifier: MIT
 *
 * norm_coeff.cuh - group normalisation as one pair of numbers per channel.
 *
 * A block has one image.  Means of groups come first, then squares around
 * them, so nothing cancels and there is no chain of divisions.  Channels go
 * to threads, groups are added up in the order of channels. */
#ifndef CEDM_CUDA_NORM_COEFF_CUH
#define CEDM_CUDA_NORM_COEFF_CUH

#include "runtime/cuda/device.cuh"

#define NORM_THREADS 256

struct norm_args {
    const float *stats[2], *adaptive;
    const float *gamma, *beta; /* gamma NULL: 1 and 0 */
    float *dst;
    uint32_t height, width, channels[2], groups, stat_rows, partials;
    uint32_t adaptive_stride;
    float eps;
};

/* Adds up something of a channel's partials: their values, or with `middle`
 * their squares around it. */
static __device__ double norm_channel(const norm_args &v, uint32_t c,
                                      bool squares, double middle)
{
    bool second = c >= v.channels[0];
    uint32_t channels = second ? v.channels[1] : v.channels[0];
    const float *stats = (second ? v.stats[1] : v.stats[0]) +
                         (size_t)blockIdx.x * 2 * v.partials * channels +
                         (second ? c - v.channels[0] : c);
    double sum = 0;

    for (uint32_t p = 0; p < v.partials; p++, stats += 2 * channels) {
        uint32_t left = v.height - p * v.stat_rows;
        uint32_t rows = left < v.stat_rows ? left : v.stat_rows;
        double count = (double)(rows * v.width), mean = (double)stats[0];

        if (squares) {
            double d = mean - middle;

            sum += (double)stats[channels] + count * (d * d);
        } else {
            sum += count * mean;
        }
    }
    return sum;
}

/* group[g] = sum of channel[] of its channels / divisor. */
static __device__ void norm_groups(const double *channel, double *group,
                                   uint32_t groups, uint32_t size,
                                   double divisor)
{
    for (uint32_t g = threadIdx.x; g < groups; g += NORM_THREADS) {
        double sum = 0;

        for (uint32_t i = 0; i < size; i++) {
            sum += channel[g * size + i];
        }
        group[g] = sum / divisor;
    }
}

static __device__ void norm_write(const norm_args &v, uint32_t c,
                                  double mean, double variance)
{
    uint32_t channels = v.channels[0] + v.channels[1];
    double gamma = v.gamma == NULL ? 1.0 : (double)v.gamma[c];
    double a = gamma / sqrt(variance + (double)v.eps);
    double b = (v.gamma == NULL ? 0.0 : (double)v.beta[c]) - mean * a;
    float *dst = v.dst + (size_t)blockIdx.x * 2 * channels + c;

    if (v.adaptive != NULL) {
        const float *adaptive =
            v.adaptive + (size_t)blockIdx.x * v.adaptive_stride + c;
        double scale = 1.0 + (double)adaptive[0];

        a *= scale;
        b = b * scale + (double)adaptive[channels];
    }
    dst[0] = (float)a;
    dst[channels] = (float)b;
}

namespace { /* of every file that includes it */

__global__ void __launch_bounds__(NORM_THREADS) norm_coeff(norm_args v)
{
    uint32_t channels = v.channels[0] + v.channels[1];
    uint32_t size = channels / v.groups;
    double count = (double)v.height * v.width * size;
    double *channel = reinterpret_cast<double *>(cedm_shared());
    double *mean = channel + channels, *variance = mean + v.groups;

    for (uint32_t c = threadIdx.x; c < channels; c += NORM_THREADS) {
        channel[c] = norm_channel(v, c, false, 0);
    }
    __syncthreads();
    norm_groups(channel, mean, v.groups, size, count);
    __syncthreads();
    for (uint32_t c = threadIdx.x; c < channels; c += NORM_THREADS) {
        channel[c] = norm_channel(v, c, true, mean[c / size]);
    }
    __syncthreads();
    norm_groups(channel, variance, v.groups, size, count);
    __syncthreads();
    for (uint32_t c = threadIdx.x; c < channels; c += NORM_THREADS) {
        norm_write(v, c, mean[c / size], variance[c / size]);
    }
}

} // namespace

static inline size_t norm_shared(uint32_t channels, uint32_t groups)
{
    return (channels + 2 * (size_t)groups) * sizeof(double);
}

#endif
