/* SPDX-License-Identifier: MIT
 *
 * gemm.c - plain matrix products by cuBLASLt.
 *
 * A product is dst [rows][out] = post(alpha src [rows][in] weight [out][in]^T
 * + beta residual + bias), rows-major; cuBLAS sees its transpose.  Algorithms
 * are chosen once, when a net is opened, and never split a sum over blocks:
 * then a row's bits do not depend on its place. */
#include <cublasLt.h>
#include <cuda_runtime_api.h>
#include <string.h>

#include "runtime/cuda/cuda_net.h"

/* What cublasLtMatmul is told, kept in struct cedm_cuda_gemm. */
typedef struct product {
    cublasLtMatmulDescOpaque_t desc;
    cublasLtMatrixLayoutOpaque_t weight, src, dst;
    cublasLtMatmulAlgo_t algo;
    float alpha, beta;
    uint32_t ready;
} product;

_Static_assert(sizeof(product) <= sizeof(struct cedm_cuda_gemm),
               "a product fits its place");

typedef struct shape {
    uint64_t rows, in, out;
    uint64_t stride; /* elements from one row of the weight to the next */
    uint64_t dst_stride;
    cudaDataType type;
    enum cedm_post post; /* none or RELU */
    const void *bias;    /* device, [out] of that type */
} shape;

/* Where its matrices lie on the device. */
typedef struct operands {
    const void *weight, *src, *residual;
    void *dst;
} operands;

/* The codes of cuBLAS have no texts of their own among those of CUDA. */
static int code_of(cublasStatus_t status)
{
    switch ((int)status) {
    case CUBLAS_STATUS_SUCCESS: return cudaSuccess;
    case CUBLAS_STATUS_ALLOC_FAILED: return cudaErrorMemoryAllocation;
    case CUBLAS_STATUS_NOT_SUPPORTED:
    case CUBLAS_STATUS_ARCH_MISMATCH: return cudaErrorNotSupported;
    case CUBLAS_STATUS_INVALID_VALUE: return cudaErrorInvalidValue;
    default: return cudaErrorUnknown;
    }
}

/* ---- choosing ---------------------------------------------------------- */

static cublasStatus_t describe(product *p, const shape *s)
{
    cublasOperation_t transposed = CUBLAS_OP_T;
    cublasLtEpilogue_t epilogue = s->post == CEDM_POST_RELU
                                      ? CUBLASLT_EPILOGUE_RELU_BIAS
                                      : CUBLASLT_EPILOGUE_BIAS;
    const void *bias = s->bias;
    cublasStatus_t status =
        cublasLtMatmulDescInit(&p->desc, CUBLAS_COMPUTE_32F, CUDA_R_32F);

    if (status == CUBLAS_STATUS_SUCCESS) {
        status = cublasLtMatmulDescSetAttribute(
            &p->desc, CUBLASLT_MATMUL_DESC_TRANSA, &transposed,
            sizeof transposed);
    }
    if (status == CUBLAS_STATUS_SUCCESS) {
        status = cublasLtMatmulDescSetAttribute(&p->desc,
                                                CUBLASLT_MATMUL_DESC_EPILOGUE,
                                                &epilogue, sizeof epilogue);
    }
    if (status == CUBLAS_STATUS_SUCCESS) {
        status = cublasLtMatmulDescSetAttribute(
            &p->desc, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &bias, sizeof bias);
    }
    if (status == CUBLAS_STATUS_SUCCESS) {
        status = cublasLtMatrixLayoutInit(&p->weight, s->type, s->in, s->out,
                                          (int64_t)s->stride);
    }
    if (status == CUBLAS_STATUS_SUCCESS) {
        status = cublasLtMatrixLayoutInit(&p->src, s->type, s->in, s->rows,
                                          (int64_t)s->in);
    }
    if (status == CUBLAS_STATUS_SUCCESS) {
        status = cublasLtMatrixLayoutInit(&p->dst, s->type, s->out, s->rows,
                                          (int64_t)s->dst_stride);
    }
    return status;
}

/* To how many bytes a matrix is aligned, 256 at most; regions are, and where
 * a tensor lies in one is known when a model is frozen. */
static uint32_t alignment_of(const void *matrix)
{
    uint32_t low = (uint32_t)(uintptr_t)matrix & (CEDM_CUDA_ALIGN - 1);

    return low == 0 ? CEDM_CUDA_ALIGN : low & (~low + 1);
}

/* cuBLAS takes matrices for aligned to 256 bytes unless it is told. */
static cublasStatus_t align(cublasLtMatmulPreference_t preference,
                            const operands *at)
{
    static const cublasLtMatmulPreferenceAttributes_t attributes[] = {
        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES,
        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES,
        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES};
    const void *const matrices[] = {at->weight, at->src, at->residual,
                                    at->dst};
    cublasStatus_t status = CUBLAS_STATUS_SUCCESS;

    for (int i = 0; i < 4 && status == CUBLAS_STATUS_SUCCESS; i++) {
        uint32_t bytes = alignment_of(matrices[i]);

        status = cublasLtMatmulPreferenceSetAttribute(
            preference, attributes[i], &bytes, sizeof bytes);
    }
    return status;
}

static cublasStatus_t choose(const cedm_cuda_exec *exec, const operands *at,
                             product *p)
{
    cublasLtMatmulPreferenceOpaque_t preference;
    cublasLtMatmulHeuristicResult_t result;
    uint32_t scheme = CUBLASLT_REDUCTION_SCHEME_NONE;
    uint64_t workspace = exec->workspace_bytes;
    int found = 0;
    cublasStatus_t status = cublasLtMatmulPreferenceInit(&preference);

    if (status == CUBLAS_STATUS_SUCCESS) {
        status = cublasLtMatmulPreferenceSetAttribute(
            &preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, &scheme,
            sizeof scheme);
    }
    if (status == CUBLAS_STATUS_SUCCESS) {
        status = cublasLtMatmulPreferenceSetAttribute(
            &preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace,
            sizeof workspace);
    }
    if (status == CUBLAS_STATUS_SUCCESS) {
        status = align(&preference, at);
    }
    if (status == CUBLAS_STATUS_SUCCESS) {
        status = cublasLtMatmulAlgoGetHeuristic(
            exec->cublas, &p->desc, &p->weight, &p->src, &p->dst, &p->dst,
            &preference, 1, &result, &found);
    }
    if (status == CUBLAS_STATUS_SUCCESS && found == 0) {
        status = CUBLAS_STATUS_NOT_SUPPORTED;
    }
    if (status == CUBLAS_STATUS_SUCCESS) {
        p->algo = result.algo;
    }
    return status;
}

static int prepare(const cedm_cuda_exec *exec, uint32_t id, const shape *s,
                   operands at, float alpha, float beta)
{
    product p;
    cublasStatus_t status;

    memset(&p, 0, sizeof p);
    p.alpha = alpha;
    p.beta = beta;
    p.ready = 1;
    status = describe(&p, s);
    if (status == CUBLAS_STATUS_SUCCESS) {
        status = choose(exec, &at, &p);
    }
    memcpy(&exec->gemms[id], &p, sizeof p);
    return code_of(status);
}

static cudaDataType type_of(enum cedm_cuda_precision precision)
{
    return precision == CEDM_CUDA_FP16   ? CUDA_R_16F
           : precision == CEDM_CUDA_BF16 ? CUDA_R_16BF
                                         : CUDA_R_32F;
}

static operands conv_operands(const cedm_cuda_exec *exec, const cedm_conv *op)
{
    size_t before =
        (size_t)op->dst_index * cedm_cuda_act_bytes(exec->precision);
    operands at = {
        .weight = cedm_cuda_part(exec, op->id),
        .src = cedm_cuda_at(exec, op->src[0]),
        .dst = (unsigned char *)cedm_cuda_at(exec, op->dst) + before,
    };

    at.residual =
        op->residual == CEDM_NONE ? at.dst : cedm_cuda_at(exec, op->residual);
    return at;
}

static operands linear_operands(const cedm_cuda_exec *exec,
                                const cedm_linear *op)
{
    void *dst = cedm_cuda_at(exec, op->dst);

    return (operands){cedm_cuda_part(exec, op->id),
                      cedm_cuda_at(exec, op->src), dst, dst};
}

static void prepare_conv(void *ctx, const cedm_conv *op)
{
    cedm_cuda_exec *exec = ctx;
    cedm_cuda_conv_layout layout;
    const unsigned char *part = cedm_cuda_part(exec, op->id);

    if (exec->error != 0 || !cedm_cuda_gemm_suits_conv(op)) {
        return;
    }
    cedm_cuda_plan_conv(&layout, exec->precision, op);
    exec->error = prepare(
        exec, op->id,
        &(shape){
            .rows = (uint64_t)exec->batch * op->height * op->width,
            .in = op->cin[0],
            .out = op->cout,
            .stride = layout.k,
            .dst_stride = cedm_cuda_dst_stride(op->dst_stride, op->cout),
            .type = type_of(exec->precision),
            .post = op->post,
            .bias = part + layout.scaled_bias,
        },
        conv_operands(exec, op), op->scale,
        op->residual == CEDM_NONE ? 0.0f : op->scale);
}

static void prepare_linear(void *ctx, const cedm_linear *op)
{
    cedm_cuda_exec *exec = ctx;
    const float *part = cedm_cuda_part(exec, op->id);

    if (exec->error != 0 || !cedm_cuda_gemm_suits_linear(op)) {
        return;
    }
    exec->error = prepare(exec, op->id,
                          &(shape){
                              .rows = exec->batch,
                              .in = op->in,
                              .out = op->out,
                              .stride = op->in,
                              .dst_stride = op->out,
                              .type = CUDA_R_32F,
                              .bias = part + (size_t)op->in * op->out,
                          },
                          linear_operands(exec, op), 1.0f, 0.0f);
}

#define NOTHING(name)                                                        \
    static void no_##name(void *ctx, const cedm_##name *op)                  \
    {                                                                        \
        (void)ctx;                                                           \
        (void)op;                                                            \
    }
CEDM_GRAPH_OPS(NOTHING)
#undef NOTHING

#pragma GCC diagnostic ignored "-Woverride-init"
#define NOTHING(name) .name = no_##name,
static const cedm_ops prepare_ops = {
    CEDM_GRAPH_OPS(NOTHING).conv = prepare_conv,
    .linear = prepare_linear,
};
#undef NOTHING

cedm_status cedm_cuda_gemm_open(cedm_cuda_net *net)
{
    int code;

    net->exec.error = 0;
    net->exec.model->graph.eval(&prepare_ops, &net->exec);
    code = net->exec.error;
    net->exec.error = 0;
    return cedm_cuda_check(net->config.fault,
                           "cublasLtMatmulAlgoGetHeuristic", code);
}

/* ---- running ----------------------------------------------------------- */

static int run(const cedm_cuda_exec *exec, uint32_t id, operands at)
{
    product p;

    memcpy(&p, &exec->gemms[id], sizeof p);
    return code_of(cublasLtMatmul(
        exec->cublas, &p.desc, &p.alpha, at.weight, &p.weight, at.src, &p.src,
        &p.beta, at.residual, &p.dst, at.dst, &p.dst, &p.algo,
        exec->workspace, exec->workspace_bytes, exec->stream));
}

int cedm_cuda_gemm_conv(const cedm_cuda_exec *exec, const cedm_conv *op)
{
    return run(exec, op->id, conv_operands(exec, op));
}

int cedm_cuda_gemm_linear(const cedm_cuda_exec *exec, const cedm_linear *op)
{
    return run(exec, op->id, linear_operands(exec, op));
}
