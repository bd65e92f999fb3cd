/* SPDX-License-Identifier: MIT
 *
 * cublas.c - times the algorithms that cuBLAS recommends for a product.
 *
 * Operands are normal numbers: on zeros a GPU draws less power and is
 * faster. */
#include "bench/gpu/cublas.h"

#include <cublasLt.h>
#include <stdlib.h>

#include "bench/bench.h"
#include "bench/gpu/gpu_open.h"
#include "runtime/philox.h"

#define ALGORITHMS 8
#define REPEATS 7
#define CALLS 4 /* of a sample */
#define WORKSPACE ((size_t)32 << 20)
#define RANDOM (1u << 20) /* numbers that repeat */

typedef struct product {
    cublasLtHandle_t handle;
    cublasLtMatmulDescOpaque_t desc;
    cublasLtMatrixLayoutOpaque_t a, b, c;
    void *weight, *src, *dst, *workspace;
} product;

static void check(const char *call, cublasStatus_t status)
{
    if (status != CUBLAS_STATUS_SUCCESS) {
        gpu_stop(call, "failed");
    }
}

static cudaDataType type_of(enum cedm_cuda_precision precision)
{
    return precision == CEDM_CUDA_FP16   ? CUDA_R_16F
           : precision == CEDM_CUDA_BF16 ? CUDA_R_16BF
                                         : CUDA_R_32F;
}

/* Half of a float's bits are a bfloat16. */
static void put_number(void *to, size_t i, float x, cudaDataType type)
{
    uint16_t *half = to;
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    if (type == CUDA_R_32F) {
        ((float *)to)[i] = x;
    } else {
        half[i] = type == CUDA_R_16F ? cedm_half_from_float(x)
                                     : (uint16_t)(bits >> 16);
    }
}

/* RANDOM numbers of a type, the same in every call. */
static const unsigned char *numbers_of(cudaDataType type)
{
    static unsigned char numbers[3][RANDOM * sizeof(float)];
    static bool made[3];
    int which = type == CUDA_R_32F ? 0 : type == CUDA_R_16F ? 1 : 2;

    for (uint32_t i = 0; i < RANDOM && !made[which]; i++) {
        put_number(numbers[which], i, cedm_normal_f32(1, i, 0), type);
    }
    made[which] = true;
    return numbers[which];
}

static void *matrix(uint64_t elements, cudaDataType type)
{
    const unsigned char *numbers = numbers_of(type);
    size_t size = type == CUDA_R_32F ? sizeof(float) : sizeof(uint16_t);
    size_t bytes = (size_t)elements * size;
    void *memory;

    gpu_cuda("cudaMalloc", cudaMalloc(&memory, bytes));
    for (size_t at = 0; at < bytes; at += RANDOM * size) {
        size_t left = bytes - at;

        gpu_cuda("cudaMemcpy",
                 cudaMemcpy((unsigned char *)memory + at, numbers,
                            left < RANDOM * size ? left : RANDOM * size,
                            cudaMemcpyHostToDevice));
    }
    return memory;
}

static void multiply(product *p, const cublasLtMatmulAlgo_t *algo)
{
    const float one = 1, zero = 0;

    check("cublasLtMatmul",
          cublasLtMatmul(p->handle, &p->desc, &one, p->weight, &p->a, p->src,
                         &p->b, &zero, p->dst, &p->c, p->dst, &p->c, algo,
                         p->workspace, WORKSPACE, NULL));
}

static double seconds_of(product *p, const cublasLtMatmulAlgo_t *algo)
{
    double samples[REPEATS];
    cudaEvent_t begin, end;

    gpu_cuda("cudaEventCreate", cudaEventCreateWithFlags(&begin, 0));
    gpu_cuda("cudaEventCreate", cudaEventCreateWithFlags(&end, 0));
    multiply(p, algo); /* warms up */
    for (int i = 0; i < REPEATS; i++) {
        float ms;

        gpu_cuda("cudaEventRecord", cudaEventRecord(begin, NULL));
        for (int k = 0; k < CALLS; k++) {
            multiply(p, algo);
        }
        gpu_cuda("cudaEventRecord", cudaEventRecord(end, NULL));
        gpu_cuda("cudaEventSynchronize", cudaEventSynchronize(end));
        gpu_cuda("cudaEventElapsedTime",
                 cudaEventElapsedTime(&ms, begin, end));
        samples[i] = (double)ms * 1e-3 / CALLS;
    }
    cudaEventDestroy(begin);
    cudaEventDestroy(end);
    return bench_summary(samples, REPEATS).median;
}

static double best(product *p)
{
    cublasLtMatmulPreferenceOpaque_t preference;
    cublasLtMatmulHeuristicResult_t results[ALGORITHMS];
    size_t workspace = WORKSPACE;
    double least = 0;
    int found = 0;

    check("preference", cublasLtMatmulPreferenceInit(&preference));
    check("preference",
          cublasLtMatmulPreferenceSetAttribute(
              &preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
              &workspace, sizeof workspace));
    check("cublasLtMatmulAlgoGetHeuristic",
          cublasLtMatmulAlgoGetHeuristic(p->handle, &p->desc, &p->a, &p->b,
                                         &p->c, &p->c, &preference,
                                         ALGORITHMS, results, &found));
    for (int i = 0; i < found; i++) {
        double seconds = seconds_of(p, &results[i].algo);

        least = i == 0 || seconds < least ? seconds : least;
    }
    return least;
}

double cublas_seconds(uint64_t m, uint64_t n, uint64_t k,
                      enum cedm_cuda_precision precision)
{
    cudaDataType type = type_of(precision);
    cublasOperation_t transposed = CUBLAS_OP_T;
    product p = {.weight = matrix(n * k, type),
                 .src = matrix(m * k, type),
                 .dst = matrix(m * n, type)};
    double seconds;

    gpu_cuda("cudaMalloc", cudaMalloc(&p.workspace, WORKSPACE));
    check("cublasLtCreate", cublasLtCreate(&p.handle));
    check("product",
          cublasLtMatmulDescInit(&p.desc, CUBLAS_COMPUTE_32F, CUDA_R_32F));
    check("product",
          cublasLtMatmulDescSetAttribute(&p.desc, CUBLASLT_MATMUL_DESC_TRANSA,
                                         &transposed, sizeof transposed));
    check("layout", cublasLtMatrixLayoutInit(&p.a, type, k, n, (int64_t)k));
    check("layout", cublasLtMatrixLayoutInit(&p.b, type, k, m, (int64_t)k));
    check("layout", cublasLtMatrixLayoutInit(&p.c, type, n, m, (int64_t)n));
    seconds = best(&p);
    cublasLtDestroy(p.handle);
    cudaFree(p.weight);
    cudaFree(p.src);
    cudaFree(p.dst);
    cudaFree(p.workspace);
    return seconds;
}
