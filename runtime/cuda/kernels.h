/* SPDX-License-Identifier: MIT
 *
 * kernels.h - what the kernels' files ask of each other: their parts of
 * cedm_cuda_kernels_init. */
#ifndef CEDM_CUDA_KERNELS_H
#define CEDM_CUDA_KERNELS_H

#include "runtime/cuda/launch.h"

/* Raise the limits of shared memory, and set exec->encode_tensor; 0 or a
 * cudaError_t. */
int cedm_cuda_conv_init(cedm_cuda_exec *exec);
int cedm_cuda_attention_init();

#endif
