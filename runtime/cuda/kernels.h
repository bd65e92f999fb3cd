/* SPDX-License-Identifier: MIT
 *
 * kernels.h - what the kernels' files ask of each other: their parts of
 * cedm_cuda_kernels_init. */
#ifndef CEDM_CUDA_KERNELS_H
#define CEDM_CUDA_KERNELS_H

/* Raise the limits of shared memory; 0 or a cudaError_t. */
int cedm_cuda_conv_init();
int cedm_cuda_attention_init();

#endif
