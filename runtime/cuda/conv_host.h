/* SPDX-License-Identifier: MIT
 *
 * conv_host.h - what the host files of the convolution share: a kernel's
 * tiles, and for each kind of tensor cores who takes an op and runs it. */
#ifndef CEDM_CUDA_CONV_HOST_H
#define CEDM_CUDA_CONV_HOST_H

#include "runtime/cuda/conv_write.cuh"

/* Pixels of a tile at most, its output channels, and where tiles lie. */
typedef struct conv_tiles {
    uint32_t pixels, columns;
    cedm_conv_tile at;
} conv_tiles;

/* Makes args->images images from args->first on; 0 or a cudaError_t. */
typedef int conv_run(const cedm_cuda_exec *exec, const cedm_conv_args *args,
                     const conv_tiles *tiles);

extern "C" {

/* Who makes an op, by which tiles; *args is the op as kernels see it, but for
 * the images of a launch. */
conv_run *cedm_cuda_conv_choose(conv_tiles *tiles, cedm_conv_args *args,
                                const cedm_cuda_exec *exec,
                                const cedm_conv *op);

/* Whether kernels on tensor cores take an op: chunks of eight numbers. */
bool cedm_cuda_conv_suits(const cedm_conv_args *args);

/* Cuts the grid into tiles of up to `pixels`, of which a slice with its rim
 * has up to `rows`. */
void cedm_cuda_conv_cut(conv_tiles *tiles, const cedm_conv_args *args,
                        uint32_t pixels, uint32_t columns, uint32_t rows);

/* By products of warps, compute capability 8.0 and later, see
 * conv_matrix.cuh.  alone: a block should make all channels of a pixel. */
bool cedm_cuda_conv_choose_matrix(conv_tiles *tiles,
                                  const cedm_cuda_exec *exec,
                                  const cedm_conv_args *args, bool alone);
conv_run cedm_cuda_conv_run_matrix;
int cedm_cuda_conv_init_matrix();

/* By products of warpgroups, 9.0 alone, see conv_warpgroup.cuh.  With
 * `alone`, none are chosen that do not make all channels. */
bool cedm_cuda_conv_choose_warpgroup(conv_tiles *tiles,
                                     const cedm_cuda_exec *exec,
                                     const cedm_conv_args *args, bool alone);
conv_run cedm_cuda_conv_run_warpgroup;
int cedm_cuda_conv_init_warpgroup(cedm_cuda_exec *exec);
}

#endif
