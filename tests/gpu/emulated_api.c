/* SPDX-License-Identifier: MIT
 *
 * emulated_api.c - as much of cudart and cublasLt as the host side calls, on
 * the memory of the host: with the emulator behind the kernels, a whole net
 * runs without a device.
 *
 * Work is done at once.  While a stream is captured, it is done too; a graph
 * that is launched queues the net's step again, which is what it holds. */
#include <cublasLt.h>
#include <cuda_runtime_api.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cuda/net.h"

/* ---- devices and memory -------------------------------------------------- */

cudaError_t cudaDriverGetVersion(int *version)
{
    *version = CUDART_VERSION;
    return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int *count)
{
    *count = 1;
    return cudaSuccess;
}

cudaError_t cudaGetDevice(int *device)
{
    *device = 0;
    return cudaSuccess;
}

cudaError_t cudaSetDevice(int device)
{
    return device == 0 ? cudaSuccess : cudaErrorInvalidDevice;
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *p, int device)
{
    (void)device;
    memset(p, 0, sizeof *p);
    memcpy(p->name, "emulator", sizeof "emulator");
    return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr which,
                                   int device)
{
    (void)device;
    *value = which == cudaDevAttrComputeCapabilityMajor   ? 8
             : which == cudaDevAttrComputeCapabilityMinor ? 0
                                                          : 2;
    return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *total)
{
    *free_bytes = *total = (size_t)1 << 40;
    return cudaSuccess;
}

/* Bytes that nothing has written are NaNs. */
cudaError_t cudaMalloc(void **memory, size_t bytes)
{
    size_t whole = (bytes + 255) / 256 * 256;

    *memory = aligned_alloc(256, whole);
    if (*memory == NULL) {
        return cudaErrorMemoryAllocation;
    }
    memset(*memory, 0xff, whole);
    return cudaSuccess;
}

cudaError_t cudaMallocHost(void **memory, size_t bytes)
{
    return cudaMalloc(memory, bytes);
}

cudaError_t cudaHostAlloc(void **memory, size_t bytes, unsigned flags)
{
    (void)flags;
    return cudaMalloc(memory, bytes);
}

cudaError_t cudaMallocAsync(void **memory, size_t bytes, cudaStream_t stream)
{
    (void)stream;
    return cudaMalloc(memory, bytes);
}

cudaError_t cudaFree(void *memory)
{
    free(memory);
    return cudaSuccess;
}

cudaError_t cudaFreeHost(void *memory)
{
    return cudaFree(memory);
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes,
                       enum cudaMemcpyKind kind)
{
    (void)kind;
    memcpy(to, from, bytes);
    return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes,
                            enum cudaMemcpyKind kind, cudaStream_t stream)
{
    (void)stream;
    return cudaMemcpy(to, from, bytes, kind);
}

cudaError_t cudaMemsetAsync(void *at, int value, size_t bytes,
                            cudaStream_t stream)
{
    (void)stream;
    memset(at, value, bytes);
    return cudaSuccess;
}

const char *cudaGetErrorString(cudaError_t code)
{
    return code == cudaSuccess ? "no error" : "an error";
}

cudaError_t cudaGetLastError(void)
{
    return cudaSuccess;
}

/* ---- streams, events, graphs --------------------------------------------- */

/* A stream is the address of the member that holds it. */
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags)
{
    (void)flags;
    *stream = (void *)stream;
    return cudaSuccess;
}

static cedm_cuda_net *net_of(cudaStream_t stream)
{
    return (void *)((unsigned char *)stream -
                    offsetof(cedm_cuda_net, exec.stream));
}

#define DONE(name, parameter)                                                \
    cudaError_t name(parameter unused)                                       \
    {                                                                        \
        (void)unused;                                                        \
        return cudaSuccess;                                                  \
    }
DONE(cudaStreamDestroy, cudaStream_t)
DONE(cudaStreamSynchronize, cudaStream_t)
DONE(cudaEventDestroy, cudaEvent_t)
DONE(cudaEventSynchronize, cudaEvent_t)
DONE(cudaGraphDestroy, cudaGraph_t)
DONE(cudaGraphExecDestroy, cudaGraphExec_t)
#undef DONE

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags)
{
    (void)flags;
    *event = (void *)event;
    return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream)
{
    (void)stream;
    return event != NULL ? cudaSuccess : cudaErrorInvalidValue;
}

/* Time stands still: all of it is of one length. */
cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t begin,
                                 cudaEvent_t end)
{
    *ms = 1.0f;
    return begin != NULL && end != NULL ? cudaSuccess
                                        : cudaErrorInvalidValue;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event,
                                unsigned flags)
{
    (void)flags;
    return cudaEventRecord(event, stream);
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream,
                                   enum cudaStreamCaptureMode mode)
{
    (void)mode;
    return stream != NULL ? cudaSuccess : cudaErrorInvalidValue;
}

/* The step's graph is captured first, then the last step's: a graph is the
 * address of the member that will hold it. */
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph)
{
    cedm_cuda_net *net = net_of(stream);

    *graph = net->step_graph == NULL ? (void *)&net->step_graph
                                     : (void *)&net->last_graph;
    return cudaSuccess;
}

cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t *exec,
                                          cudaGraph_t graph,
                                          unsigned long long flags)
{
    (void)flags;
    *exec = (void *)graph;
    return cudaSuccess;
}

cudaError_t cudaGraphUpload(cudaGraphExec_t exec, cudaStream_t stream)
{
    (void)stream;
    return exec != NULL ? cudaSuccess : cudaErrorInvalidValue;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream)
{
    cedm_cuda_net *net = net_of(stream);

    return cedm_cuda_queue_step(net, (void *)exec == &net->last_graph) ==
                   CEDM_OK ? cudaSuccess : cudaErrorUnknown;
}

/* ---- matrix products ----------------------------------------------------- */

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

cublasStatus_t cublasLtMatrixLayoutInit_internal(
    cublasLtMatrixLayout_t to, size_t size, cudaDataType type, uint64_t rows,
    uint64_t columns, int64_t stride)
{
    layout l = {type, rows, columns, stride};

    memset(to, 0, size);
    memcpy(to, &l, sizeof l);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescInit_internal(
    cublasLtMatmulDesc_t to, size_t size, cublasComputeType_t compute,
    cudaDataType_t scale)
{
    memset(to, 0, size);
    return compute == CUBLAS_COMPUTE_32F && scale == CUDA_R_32F
               ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED;
}

cublasStatus_t cublasLtMatmulDescSetAttribute(
    cublasLtMatmulDesc_t desc, cublasLtMatmulDescAttributes_t which,
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
    default:
        return CUBLAS_STATUS_NOT_SUPPORTED;
    }
    memcpy(desc, &p, sizeof p);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t
cublasLtMatmulPreferenceInit_internal(cublasLtMatmulPreference_t to,
                                      size_t size)
{
    memset(to, 0, size);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceSetAttribute(
    cublasLtMatmulPreference_t to, cublasLtMatmulPreferenceAttributes_t which,
    const void *value, size_t size)
{
    (void)to;
    (void)which;
    return value != NULL && size > 0 ? CUBLAS_STATUS_SUCCESS
                                     : CUBLAS_STATUS_INVALID_VALUE;
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(
    cublasLtHandle_t handle, cublasLtMatmulDesc_t desc,
    cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
    cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
    cublasLtMatmulPreference_t preference, int wanted,
    cublasLtMatmulHeuristicResult_t result[], int *found)
{
    (void)handle, (void)desc, (void)a, (void)b, (void)c, (void)d;
    (void)preference;
    memset(result, 0, (size_t)wanted * sizeof *result);
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

/* d = alpha a^T b + beta c + bias, all column by column. */
cublasStatus_t cublasLtMatmul(
    cublasLtHandle_t handle, cublasLtMatmulDesc_t desc, const void *alpha,
    const void *a, cublasLtMatrixLayout_t a_layout, const void *b,
    cublasLtMatrixLayout_t b_layout, const void *beta, const void *c,
    cublasLtMatrixLayout_t c_layout, void *d, cublasLtMatrixLayout_t d_layout,
    const cublasLtMatmulAlgo_t *algo, void *workspace, size_t workspace_size,
    cudaStream_t stream)
{
    float scale, keep;
    layout la, lb, ld;
    product p;

    (void)handle, (void)c_layout, (void)algo, (void)workspace;
    (void)workspace_size, (void)stream;
    memcpy(&scale, alpha, sizeof scale);
    memcpy(&keep, beta, sizeof keep);
    memcpy(&la, a_layout, sizeof la);
    memcpy(&lb, b_layout, sizeof lb);
    memcpy(&ld, d_layout, sizeof ld);
    memcpy(&p, desc, sizeof p);
    if (p.transposed != CUBLAS_OP_T ||
        (p.bias != NULL) != (p.epilogue == CUBLASLT_EPILOGUE_BIAS) ||
        la.rows != lb.rows ||
        la.columns != ld.rows || lb.columns != ld.columns) {
        return CUBLAS_STATUS_INVALID_VALUE;
    }
    for (int64_t j = 0; j < (int64_t)ld.columns; j++) {
        for (int64_t i = 0; i < (int64_t)ld.rows; i++) {
            double sum = 0, old = 0;

            for (int64_t k = 0; k < (int64_t)la.rows; k++) {
                sum += get(a, i * la.stride + k, la.type) *
                       get(b, j * lb.stride + k, lb.type);
            }
            if (keep > 0 || keep < 0) {
                old = (double)keep * get(c, j * ld.stride + i, ld.type);
            }
            put(d, j * ld.stride + i, ld.type,
                (double)scale * sum + old +
                    (p.bias == NULL ? 0.0 : get(p.bias, i, ld.type)));
        }
    }
    return CUBLAS_STATUS_SUCCESS;
}
