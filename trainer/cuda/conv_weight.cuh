/* SPDX-License-Identifier: MIT
 *
 * conv_weight.cuh - the gradient of a convolution's weight as its kernels
 * see it.
 *
 * It is a product of matrices whose K are all pixels of all images: few
 * outputs, long sums.  So K is cut into parts, a block adds up one part of
 * its tile, and the parts are added in their order. */
#ifndef CEDM_TRAINER_CUDA_CONV_WEIGHT_CUH
#define CEDM_TRAINER_CUDA_CONV_WEIGHT_CUH

#include "trainer/cuda/map.cuh"

typedef struct weight_args {
    cedm_map src, grad;
    float *partial; /* [parts][cout][taps][cin] */
    float *weight;  /* of the first channel of the first tap */
    uint32_t images, height, width, in_height, in_width;
    uint32_t cin, cout, kernel, stride, pad, row;
    uint32_t parts;
    float scale;
} weight_args;

static __device__ __forceinline__ float *weight_part(const weight_args &v,
                                                     uint32_t part)
{
    return v.partial +
           (size_t)part * v.cout * v.kernel * v.kernel * v.cin;
}

/* The first of `count` steps that a part makes. */
static __device__ __forceinline__ uint32_t weight_first(uint32_t part,
                                                        uint32_t parts,
                                                        uint32_t count)
{
    return (uint32_t)((uint64_t)count * part / parts);
}

#endif
