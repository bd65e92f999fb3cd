/* SPDX-License-Identifier: MIT
 *
 * product.cuh - many products of matrices, C = scale A B, one for every head
 * of some images: what the adjoint of attention is made of. */
#ifndef CEDM_TRAINER_CUDA_PRODUCT_CUH
#define CEDM_TRAINER_CUDA_PRODUCT_CUH

#include "trainer/cuda/map.cuh"

/* A matrix of every head: element (r, c) lies at r * row + c, or transposed
 * at c * row + r. */
typedef struct product_matrix {
    void *data;
    size_t image, head; /* elements from one to the next */
    uint32_t row;
} product_matrix;

typedef struct product_args {
    product_matrix a, b, c; /* of T; c of floats, or of T */
    uint32_t m, n, k, heads;
    uint32_t *overflow; /* of the first image; for a c of T */
    float scale;
} product_args;

/* Of blockIdx.z: a head of an image. */
template <typename P>
static __device__ __forceinline__ P *product_data(const product_matrix &x,
                                                  uint32_t heads)
{
    return static_cast<P *>(x.data) + blockIdx.z / heads * x.image +
           blockIdx.z % heads * x.head;
}

#endif
