/* SPDX-License-Identifier: MIT
 *
 * probe.h - kernels of one kind of instruction each, of those that only
 * compute capability 9.0 has: launchers return 0 or a cudaError_t. */
#ifndef CEDM_TEST_GPU_PROBE_H
#define CEDM_TEST_GPU_PROBE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A warpgroup hands 1 to PROBE_TURNS to another; *sum is what that one got. */
#define PROBE_TURNS 1000u
int probe_barriers(uint64_t *sum);

/* The box of a tensor of 16 bits [size 2][size 1][32 channels] that begins at
 * pixel (x, y), as it comes to lie in shared memory; 0xffff was there. */
#define PROBE_CHANNELS 32u
#define PROBE_WIDE 5u
#define PROBE_TALL 4u
typedef struct probe_box {
    const uint16_t *tensor;
    uint32_t width, height;
    int32_t x, y;
    void *encode;  /* exec.encode_tensor */
    uint16_t *out; /* [PROBE_TALL * PROBE_WIDE][PROBE_CHANNELS] */
} probe_box;
int probe_boxes(const probe_box *box);

/* C[64][n] = A[64][32] B[n][32]^T in one warpgroup, sums in float.  n is 64,
 * 128, 192 or 256. */
typedef struct probe_product {
    const uint16_t *a, *b;
    float *c;
    uint32_t n, bf16;
} probe_product;
int probe_products(const probe_product *product);

#ifdef __cplusplus
}
#endif

#endif
