/* SPDX-License-Identifier: MIT
 *
 * conv.cuh - a convolution as its kernels see it.
 *
 * Kernels make tiles of pixels of one image by tiles of output channels, on
 * the grid of the output, or of the source when up-sampling: then there are
 * four phases of output pixels.  K goes slice by slice as in launch.h. */
#ifndef CEDM_CUDA_CONV_CUH
#define CEDM_CUDA_CONV_CUH

#include "runtime/cuda/device.cuh"

typedef struct cedm_conv_args {
    cedm_map src[4]; /* two sources, then two of the skip */
    uint32_t channels[4];
    cedm_map residual, dst;
    const void *weight;
    uint32_t weight_f32;
    const float *coeff, *bias, *emb; /* emb: of image 0, from emb_index on */
    float *stats;
    uint32_t *overflow;
    uint32_t first, images;       /* of the launch */
    uint32_t height, width;       /* of dst */
    uint32_t in_height, in_width; /* of src */
    uint32_t grid_height, grid_width;
    uint32_t cin, cout, cout_padded, k;
    uint32_t dst_stride; /* channels of dst's map */
    uint32_t kernel[2], taps, stride[2], pad[2], up, skip_up, act, post;
    uint32_t emb_stride, stat_rows;
    float scale;
} cedm_conv_args;

static __device__ __forceinline__ size_t cedm_dst_pixel(
    const cedm_conv_args &v, uint32_t phase, uint32_t y, uint32_t x)
{
    uint32_t out_y = v.up ? 2 * y + phase / 2 : y;
    uint32_t out_x = v.up ? 2 * x + phase % 2 : x;

    return (size_t)out_y * v.width + out_x;
}

/* The pixel of the skip's sources that belongs to one of the grid. */
static __device__ __forceinline__ uint32_t cedm_skip_pixel(
    const cedm_conv_args &v, uint32_t phase, uint32_t y, uint32_t x)
{
    uint32_t out_y = v.up ? 2 * y + phase / 2 : y;
    uint32_t out_x = v.up ? 2 * x + phase % 2 : x;

    return (out_y >> v.skip_up) * (v.width >> v.skip_up) +
           (out_x >> v.skip_up);
}

/* The source pixel of a tap, or -1: outside. */
static __device__ __forceinline__ int cedm_src_pixel(const cedm_conv_args &v,
                                                     int y, int x)
{
    return y < 0 || x < 0 || y >= (int)v.in_height || x >= (int)v.in_width
        ? -1 : y * (int)v.in_width + x;
}

#endif
