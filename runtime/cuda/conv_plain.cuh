/* SPDX-License-Identifier: MIT
 *
 * conv_plain.cuh - convolution by multiply-adds in float, for every option,
 * number of channels and type: strict float32, the first and last layer, and
 * what the matrix kernel does not take.
 *
 * A block stages one step of K, 32 channels at one tap, of its pixels
 * (activated) and of its output channels; each thread adds up TM x TN
 * outputs in the order of K. */
#ifndef CEDM_CUDA_CONV_PLAIN_CUH
#define CEDM_CUDA_CONV_PLAIN_CUH

#include "runtime/cuda/conv.cuh"
#include "runtime/cuda/post.cuh"

#define PLAIN_THREADS 256
#define PLAIN_OUTSIDE 0xffffffffu

/* One step: which elements of which map, and how many channels. */
struct plain_step {
    cedm_map map;
    size_t image; /* first element of this image */
    const float *a, *b;
    uint32_t channels, first, tap;
    bool skip;
};

/* Where a pixel of the grid (y << 16 | x) finds its source; -1: nowhere. */
static __device__ __forceinline__ int plain_source(const cedm_conv_args &v,
                                                   const plain_step &s,
                                                   uint32_t yx)
{
    uint32_t phase = blockIdx.z, y = yx >> 16, x = yx & 0xffffu;
    uint32_t side = v.up ? 2 : v.kernel[1];
    int shift_y = v.up ? (int)(phase / 2) - 1 : -(int)v.pad[0];
    int shift_x = v.up ? (int)(phase % 2) - 1 : -(int)v.pad[1];

    if (yx == PLAIN_OUTSIDE) {
        return -1;
    }
    if (s.skip) {
        return (int)cedm_skip_pixel(v, phase, y, x);
    }
    return cedm_src_pixel(v, (int)(y * v.stride[0] + s.tap / side) + shift_y,
                          (int)(x * v.stride[1] + s.tap % side) + shift_x);
}

/* pixels[k][m] of one step; zeros beyond the channels. */
template <typename T, int BM>
static __device__ void plain_stage(const cedm_conv_args &v,
                                   const plain_step &s, const uint32_t *grid,
                                   float *pixels)
{
    uint32_t k = threadIdx.x % CEDM_CUDA_K, c = s.first + k;
    uint32_t act = s.skip ? (uint32_t)CEDM_ACT_NONE : v.act;
    float a = 1.0f, b = 0.0f;

    if (act != CEDM_ACT_NONE && c < s.channels) {
        a = s.a[c];
        b = s.b[c];
    }
    for (uint32_t m = threadIdx.x / CEDM_CUDA_K; m < BM;
         m += PLAIN_THREADS / CEDM_CUDA_K) {
        int pixel = plain_source(v, s, grid[m]);
        float x = 0.0f;

        if (pixel >= 0 && c < s.channels) {
            x = cedm_get<T>(s.map,
                             s.image + (size_t)pixel * s.channels + c);
            x = cedm_activate<T>(x, a, b, act);
        }
        pixels[k * (BM + 1) + m] = x;
    }
}

/* weights[k][n] of the step at element `at` of every output's k. */
template <typename W, int BN>
static __device__ void plain_stage_weights(const cedm_conv_args &v,
                                           uint32_t at, uint32_t n0,
                                           float *weights)
{
    uint32_t k = threadIdx.x % CEDM_CUDA_K;

    for (uint32_t n = threadIdx.x / CEDM_CUDA_K; n < BN;
         n += PLAIN_THREADS / CEDM_CUDA_K) {
        size_t row = (size_t)blockIdx.z * v.cout_padded + n0 + n;

        weights[k * (BN + 1) + n] =
            cedm_widen(static_cast<const W *>(v.weight)[row * v.k + at + k]);
    }
}

template <int BM, int BN, int TM, int TN>
static __device__ __forceinline__ void plain_multiply(
    float (&sum)[TM][TN], const float *pixels, const float *weights,
    uint32_t n)
{
    constexpr uint32_t ACROSS = BN / TN;

    pixels += threadIdx.x / ACROSS;
    weights += threadIdx.x % ACROSS;
    for (uint32_t k = 0; k < n; k++) {
        float a[TM], b[TN];

#pragma unroll
        for (int i = 0; i < TM; i++) {
            a[i] = pixels[k * (BM + 1) + i * (BM / TM)];
        }
#pragma unroll
        for (int j = 0; j < TN; j++) {
            b[j] = weights[k * (BN + 1) + j * ACROSS];
        }
#pragma unroll
        for (int i = 0; i < TM; i++) {
#pragma unroll
            for (int j = 0; j < TN; j++) {
                sum[i][j] = fmaf(a[i], b[j], sum[i][j]);
            }
        }
    }
}

/* One output from its sum. */
template <typename T>
static __device__ __forceinline__ bool plain_write(const cedm_conv_args &v,
                                                   uint32_t image,
                                                   uint32_t yx, uint32_t co,
                                                   float sum)
{
    size_t pixel = cedm_dst_pixel(v, blockIdx.z, yx >> 16, yx & 0xffffu);
    size_t at = (size_t)image * v.height * v.width + pixel;
    float shift = v.bias[co], result[1];

    if (v.emb != NULL) {
        shift += v.emb[(size_t)image * v.emb_stride + co];
    }
    sum += shift;
    if (v.residual.data != NULL) {
        sum += cedm_get<T>(v.residual, at * v.cout + co);
    }
    result[0] = sum * v.scale;
    cedm_post<T>(result, v.post);
    return cedm_put<T>(v.dst, at * v.dst_stride + co, result[0]);
}

/* The step that follows, if any; `slice` counts slices of all sources. */
static __device__ __forceinline__ bool plain_slice(const cedm_conv_args &v,
                                                   uint32_t image,
                                                   uint32_t slice,
                                                   plain_step *s)
{
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t channels = v.channels[i];
        uint32_t slices = (channels + CEDM_CUDA_K - 1) / CEDM_CUDA_K;
        uint32_t height = i < 2 ? v.in_height : v.height >> v.skip_up;
        uint32_t width = i < 2 ? v.in_width : v.width >> v.skip_up;

        if (slice < slices) {
            s->map = v.src[i];
            s->image = (size_t)image * height * width * channels;
            s->channels = channels;
            s->first = slice * CEDM_CUDA_K;
            s->skip = i >= 2;
            if (v.act != CEDM_ACT_NONE) {
                s->a = v.coeff + (size_t)image * 2 * v.cin +
                       (i == 0 ? 0 : v.channels[0]);
                s->b = s->a + v.cin;
            }
            return true;
        }
        slice -= slices;
    }
    return false;
}

/* Blocks: x tiles of pixels of the images, y of channels, z phases. */
template <typename T, typename W, int BM, int BN, int TM, int TN>
__global__ void __launch_bounds__(PLAIN_THREADS)
conv_plain(cedm_conv_args v)
{
    static_assert((BM / TM) * (BN / TN) == PLAIN_THREADS, "threads");
    float *pixels = reinterpret_cast<float *>(cedm_shared());
    float *weights = pixels + CEDM_CUDA_K * (BM + 1);
    uint32_t *grid = reinterpret_cast<uint32_t *>(
        weights + CEDM_CUDA_K * (BN + 1));
    uint32_t all = v.grid_height * v.grid_width;
    uint32_t tiles = (all + BM - 1) / BM;
    uint32_t image = v.first + blockIdx.x / tiles;
    uint32_t m0 = blockIdx.x % tiles * BM, n0 = blockIdx.y * BN, at = 0;
    float sum[TM][TN] = {};
    bool overflow = false;
    plain_step s = {};

    for (uint32_t m = threadIdx.x; m < BM; m += PLAIN_THREADS) {
        uint32_t p = m0 + m;

        grid[m] = p < all ? p / v.grid_width << 16 | p % v.grid_width
                          : PLAIN_OUTSIDE;
    }
    for (uint32_t slice = 0; plain_slice(v, image, slice, &s); slice++) {
        uint32_t taps = s.skip ? 1 : v.taps;
        uint32_t left = s.channels - s.first;

        for (s.tap = 0; s.tap < taps; s.tap++, at += CEDM_CUDA_K) {
            __syncthreads();
            plain_stage<T, BM>(v, s, grid, pixels);
            plain_stage_weights<W, BN>(v, at, n0, weights);
            __syncthreads();
            plain_multiply<BM, BN, TM, TN>(
                sum, pixels, weights, left < CEDM_CUDA_K ? left
                                                         : CEDM_CUDA_K);
        }
    }
    for (int i = 0; i < TM; i++) {
        uint32_t yx = grid[threadIdx.x / (BN / TN) + i * (BM / TM)];

        for (int j = 0; j < TN; j++) {
            uint32_t co = n0 + threadIdx.x % (BN / TN) + j * (BN / TN);

            if (yx != PLAIN_OUTSIDE && co < v.cout) {
                overflow |= plain_write<T>(v, image, yx, co, sum[i][j]);
            }
        }
    }
    if (overflow) {
        atomicOr(&v.overflow[image], CEDM_CUDA_OVERFLOW);
    }
}

static inline size_t plain_shared(uint32_t bm, uint32_t bn)
{
    return 4 * ((size_t)CEDM_CUDA_K * (bm + bn + 2) + bm);
}

#endif
