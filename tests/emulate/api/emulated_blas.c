/* SPDX-License-Identifier: MIT
 *
 * emulated_blas.c - as much of cublasLt as the host side calls: products in
 * double precision, on the queue of emulated_api.c. */
#include <cublasLt.h>
#include <string.h>

#include "cedm.h"
#include "tests/emulate/emulated.h"

typedef struct layout {
    cudaDataType type;
    uint64_t rows, columns;
    int64_t stride;
} layout;

typedef struct product {
    cublasOperation_t transposed;
    cublasLtEpilogue_t epilogue;
    const void *bias;
} product;

cublasStatus_t cublasLtCreate(cublasLtHandle_t *handle)
{
    *handle = (void *)handle;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle)
{
    (void)handle;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t
cublasLtMatrixLayoutInit_internal(cublasLtMatrixLayout_t to, size_t size,
                                  cudaDataType type, uint64_t rows,
                                  uint64_t columns, int64_t stride)
{
    layout l = {type, rows, columns, stride};

    memset(to, 0, size);
    memcpy(to, &l, sizeof l);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescInit_internal(cublasLtMatmulDesc_t to,
                                               size_t size,
                                               cublasComputeType_t compute,
                                               cudaDataType_t scale)
{
    memset(to, 0, size);
    return compute == CUBLAS_COMPUTE_32F && scale == CUDA_R_32F
               ? CUBLAS_STATUS_SUCCESS
               : CUBLAS_STATUS_NOT_SUPPORTED;
}

cublasStatus_t
cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t desc,
                               cublasLtMatmulDescAttributes_t which,
                               const void *value, size_t size)
{
    product p;

    memcpy(&p, desc, sizeof p);
    switch ((int)which) {
    case CUBLASLT_MATMUL_DESC_TRANSA:
        memcpy(&p.transposed, value, size);
        break;
    case CUBLASLT_MATMUL_DESC_EPILOGUE:
        memcpy(&p.epilogue, value, size);
        break;
    case CUBLASLT_MATMUL_DESC_BIAS_POINTER:
        memcpy(&p.bias, value, size);
        break;
    default: return CUBLAS_STATUS_NOT_SUPPORTED;
    }
    memcpy(desc, &p, sizeof p);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t
cublasLtMatmulPreferenceInit_internal(cublasLtMatmulPreference_t to,
                                      size_t size)
{
    const uint32_t otherwise[4] = {256, 256, 256, 256};

    memset(to, 0, size);
    memcpy(to, otherwise, sizeof otherwise);
    return CUBLAS_STATUS_SUCCESS;
}

/* The algorithm that is found is the alignment that it may count on. */
typedef struct algorithm {
    uint32_t bytes[4]; /* of a, b, c, d */
} algorithm;

cublasStatus_t cublasLtMatmulPreferenceSetAttribute(
    cublasLtMatmulPreference_t to, cublasLtMatmulPreferenceAttributes_t which,
    const void *value, size_t size)
{
    algorithm a;

    memcpy(&a, to, sizeof a);
    switch ((int)which) {
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES:
        memcpy(&a.bytes[0], value, size);
        break;
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES:
        memcpy(&a.bytes[1], value, size);
        break;
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES:
        memcpy(&a.bytes[2], value, size);
        break;
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES:
        memcpy(&a.bytes[3], value, size);
        break;
    default:
        return value != NULL && size > 0 ? CUBLAS_STATUS_SUCCESS
                                         : CUBLAS_STATUS_INVALID_VALUE;
    }
    memcpy(to, &a, sizeof a);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(
    cublasLtHandle_t handle, cublasLtMatmulDesc_t desc,
    cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
    cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
    cublasLtMatmulPreference_t preference, int wanted,
    cublasLtMatmulHeuristicResult_t result[], int *found)
{
    (void)handle, (void)desc, (void)a, (void)b, (void)c, (void)d;
    memset(result, 0, (size_t)wanted * sizeof *result);
    memcpy(&result->algo, preference, sizeof(algorithm));
    *found = 1;
    return CUBLAS_STATUS_SUCCESS;
}

static double get(const void *at, int64_t i, cudaDataType type)
{
    uint32_t bits;
    float x;

    if (type == CUDA_R_16F) {
        return (double)cedm_half_to_float(((const uint16_t *)at)[i]);
    }
    if (type == CUDA_R_32F) {
        return (double)((const float *)at)[i];
    }
    bits = (uint32_t)((const uint16_t *)at)[i] << 16;
    memcpy(&x, &bits, sizeof x);
    return (double)x;
}

static void put(void *at, int64_t i, cudaDataType type, double value)
{
    float x = (float)value;
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    if (type == CUDA_R_16F) {
        ((uint16_t *)at)[i] = cedm_half_from_float(x);
    } else if (type == CUDA_R_32F) {
        ((float *)at)[i] = x;
    } else {
        ((uint16_t *)at)[i] =
            (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
    }
}

/* d = alpha a^T b + beta c + bias, all column by column; or 0 where that is
 * below. */
typedef struct matmul {
    float alpha, beta;
    layout a_layout, b_layout, d_layout;
    product product;
    const void *a, *b, *c;
    void *d;
} matmul;

static void do_matmul(const void *arg)
{
    matmul m;

    memcpy(&m, arg, sizeof m);
    for (int64_t j = 0; j < (int64_t)m.d_layout.columns; j++) {
        for (int64_t i = 0; i < (int64_t)m.d_layout.rows; i++) {
            int64_t at = j * m.d_layout.stride + i;
            double sum = 0, old = 0, bias;

            for (int64_t k = 0; k < (int64_t)m.a_layout.rows; k++) {
                sum += get(m.a, i * m.a_layout.stride + k, m.a_layout.type) *
                       get(m.b, j * m.b_layout.stride + k, m.b_layout.type);
            }
            if (m.beta > 0 || m.beta < 0) {
                old = (double)m.beta * get(m.c, at, m.d_layout.type);
            }
            bias = m.product.bias == NULL
                       ? 0
                       : get(m.product.bias, i, m.d_layout.type);
            sum = (double)m.alpha * sum + old + bias;
            if (m.product.epilogue == CUBLASLT_EPILOGUE_RELU_BIAS &&
                sum < 0) {
                sum = 0;
            }
            put(m.d, at, m.d_layout.type, sum);
        }
    }
}

/* None, or a bias and maybe what is done last. */
static int is_epilogue(const product *p)
{
    return p->bias == NULL ? p->epilogue == 0
                           : p->epilogue == CUBLASLT_EPILOGUE_BIAS ||
                                 p->epilogue == CUBLASLT_EPILOGUE_RELU_BIAS;
}

static int is_aligned(const cublasLtMatmulAlgo_t *algo, const void *a,
                      const void *b, const void *c, const void *d)
{
    const void *const matrices[] = {a, b, c, d};
    algorithm found;

    memcpy(&found, algo, sizeof found);
    for (int i = 0; i < 4; i++) {
        if ((uintptr_t)matrices[i] % found.bytes[i] != 0) {
            return 0;
        }
    }
    return 1;
}

cublasStatus_t cublasLtMatmul(
    cublasLtHandle_t handle, cublasLtMatmulDesc_t desc, const void *alpha,
    const void *a, cublasLtMatrixLayout_t a_layout, const void *b,
    cublasLtMatrixLayout_t b_layout, const void *beta, const void *c,
    cublasLtMatrixLayout_t c_layout, void *d, cublasLtMatrixLayout_t d_layout,
    const cublasLtMatmulAlgo_t *algo, void *workspace, size_t workspace_size,
    cudaStream_t stream)
{
    matmul m = {.a = a, .b = b, .c = c, .d = d};

    (void)handle, (void)c_layout, (void)workspace;
    (void)workspace_size, (void)stream;
    memcpy(&m.alpha, alpha, sizeof m.alpha);
    memcpy(&m.beta, beta, sizeof m.beta);
    memcpy(&m.a_layout, a_layout, sizeof m.a_layout);
    memcpy(&m.b_layout, b_layout, sizeof m.b_layout);
    memcpy(&m.d_layout, d_layout, sizeof m.d_layout);
    memcpy(&m.product, desc, sizeof m.product);
    if (m.product.transposed != CUBLAS_OP_T || !is_epilogue(&m.product) ||
        m.a_layout.rows != m.b_layout.rows ||
        m.a_layout.columns != m.d_layout.rows ||
        m.b_layout.columns != m.d_layout.columns ||
        !is_aligned(algo, a, b, c, d)) {
        return CUBLAS_STATUS_INVALID_VALUE;
    }
    emulated_queue(do_matmul, &m, sizeof m);
    return CUBLAS_STATUS_SUCCESS;
}
