/* SPDX-License-Identifier: MIT
 *
 * dropout.cu - masks of dropout layers: a thread a block of Philox, then
 * eight lanes transpose their eight by eight bits. */
#include "trainer/cuda/dropout.cuh"

#include "trainer/purposes.h"

#define THREADS 256
#define ROUNDS 10
#define ALL 0xffffffffu

struct dropout_args {
    const uint32_t *step;
    const uint64_t *images;
    unsigned char *bits;
    size_t stride;
    uint32_t seed, purpose, limit;
};

/* Bit i of a thread is element 8 i + (thread % 8) of its group of 64. */
static __device__ uint32_t dropout_bits(const dropout_args &v,
                                        uint32_t position, uint64_t image)
{
    uint32_t c[4] = {position, *v.step, (uint32_t)image,
                     (uint32_t)(image >> 32)};
    uint32_t k0 = v.seed, k1 = v.purpose, bits = 0;

    for (int round = 0; round < ROUNDS; round++) {
        uint32_t high0 = __umulhi(0xd2511f53u, c[0]);
        uint32_t high1 = __umulhi(0xcd9e8d57u, c[2]);
        uint32_t low0 = 0xd2511f53u * c[0], low1 = 0xcd9e8d57u * c[2];

        c[0] = high1 ^ c[1] ^ k0;
        c[1] = low1;
        c[2] = high0 ^ c[3] ^ k1;
        c[3] = low0;
        k0 += 0x9e3779b9u;
        k1 += 0xbb67ae85u;
    }
#pragma unroll
    for (int i = 0; i < 4; i++) {
        bits |= (uint32_t)((c[i] & 0xffffu) >= v.limit) << i;
        bits |= (uint32_t)(c[i] >> 16 >= v.limit) << (i + 4);
    }
    return bits;
}

/* Swaps the halves off the diagonal, lanes M apart against bits M apart. */
template <uint32_t M>
static __device__ __forceinline__ uint32_t dropout_swap(uint32_t x,
                                                        uint32_t low)
{
    uint32_t other = __shfl_xor_sync(ALL, x, M);

    return (threadIdx.x & M) == 0 ? (x & low) | (other & low) << M
                                  : (x & ~low) | (other >> M & low);
}

/* Blocks: x images, y blocks of Philox. */
__global__ void __launch_bounds__(THREADS) dropout_masks(dropout_args v)
{
    size_t position = (size_t)blockIdx.y * THREADS + threadIdx.x;
    uint32_t x = dropout_bits(v, (uint32_t)position, v.images[blockIdx.x]);

    x = dropout_swap<4>(x, 0x0fu);
    x = dropout_swap<2>(x, 0x33u);
    x = dropout_swap<1>(x, 0x55u);
    if (position < v.stride) {
        v.bits[blockIdx.x * v.stride + position] = (unsigned char)x;
    }
}

int dropout_make(const train_cuda_exec *exec, uint32_t layer,
                 uint64_t elements, unsigned char *bits, dropout_mask *mask)
{
    dropout_args v = {};

    *mask = dropout_mask();
    if (layer == CG_NO_DROPOUT) {
        return 0;
    }
    v.step = exec->step;
    v.images = exec->images;
    v.bits = bits;
    v.stride = dropout_stride(elements);
    v.seed = exec->seed;
    v.purpose = TRAIN_DRAW_DROPOUT + layer;
    v.limit = (uint32_t)lrintf(exec->dropout * 65536.0f);
    mask->bits = bits;
    mask->stride = v.stride;
    mask->kept = 65536.0f / (float)(65536u - v.limit);
    return CEDM_LAUNCH(dropout_masks,
                       dim3(exec->base.batch, cedm_blocks(v.stride, THREADS)),
                       THREADS, 0, exec->base.stream, v);
}
