/* SPDX-License-Identifier: MIT
 *
 * dropout.cuh - the masks of dropout layers, those of trainer/ops/dropout.h
 * bit for bit.
 *
 * There a block of Philox decides about eight elements that lie eight apart,
 * so a kernel of its own makes a bit per element in the workspace; readers
 * then take a byte for eight neighbours, and any number of channels. */
#ifndef CEDM_TRAINER_CUDA_DROPOUT_CUH
#define CEDM_TRAINER_CUDA_DROPOUT_CUH

#include "trainer/cuda/map.cuh"

typedef struct dropout_mask {
    const unsigned char *bits; /* NULL: no dropout */
    size_t stride;             /* bytes of an image */
    float kept;                /* what survivors are multiplied by */
} dropout_mask;

/* Bytes of an image's mask. */
static inline uint64_t dropout_stride(uint64_t elements)
{
    return (elements + 63) / 64 * 8;
}

/* Makes a layer's mask at `bits`; no mask for CG_NO_DROPOUT. */
int dropout_make(const train_cuda_exec *exec, uint32_t layer,
                 uint64_t elements, unsigned char *bits, dropout_mask *mask);

/* Multiplies V elements of an image, from e on, by their factors. */
template <int V>
static __device__ __forceinline__ void dropout_apply(const dropout_mask &mask,
                                                     uint32_t image, size_t e,
                                                     float (&x)[V])
{
    uint32_t bits;

    if (mask.bits == NULL) {
        return;
    }
    bits = (uint32_t)mask.bits[image * mask.stride + e / 8] >> (e % 8);
#pragma unroll
    for (int i = 0; i < V; i++) {
        x[i] *= (bits >> i & 1u) != 0 ? mask.kept : 0.0f;
    }
}

#endif
