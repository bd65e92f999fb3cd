/* SPDX-License-Identifier: MIT
 *
 * attention.cuh - self-attention as its kernels see it.
 *
 * Keys come in tiles; the largest score so far is taken off before exp, and
 * sums are scaled when it grows [FLASH], so no matrix of all scores exists
 * and any number of tokens is taken. */
#ifndef CEDM_CUDA_ATTENTION_CUH
#define CEDM_CUDA_ATTENTION_CUH

#include "runtime/cuda/device.cuh"

typedef struct cedm_attention_args {
    const void *src;
    void *dst;
    uint32_t *overflow;
    uint32_t tokens, channels, heads, d;
    float scale;
} cedm_attention_args;

#endif
