/* SPDX-License-Identifier: MIT
 *
 * device.c - devices, and memory on them for those who ask for it. */
#include <cuda_runtime_api.h>
#include <string.h>

#include "runtime/cuda/cuda_net.h"

/* ---- devices ----------------------------------------------------------- */

static cedm_status driver_status(cudaError_t code)
{
    switch ((int)code) {
    case cudaSuccess: return CEDM_OK;
    case cudaErrorNoDevice:
    case cudaErrorInvalidDevice: return CEDM_E_DEVICE;
    case cudaErrorInsufficientDriver:
    case cudaErrorSystemDriverMismatch:
    case cudaErrorCompatNotSupportedOnDevice: return CEDM_E_DRIVER;
    default: return CEDM_E_CUDA;
    }
}

/* CUDA calls a driver that is not there one that is too old; its version is
 * 0 then. */
cedm_status cedm_cuda_devices(uint32_t *count)
{
    int devices = 0, version = 0;
    cedm_status status;

    if (count == NULL) {
        return CEDM_E_NULL;
    }
    *count = 0;
    if (cudaDriverGetVersion(&version) != cudaSuccess || version == 0) {
        return CEDM_E_DEVICE;
    }
    status = driver_status(cudaGetDeviceCount(&devices));
    if (status == CEDM_OK && devices <= 0) {
        status = CEDM_E_DEVICE;
    }
    if (status == CEDM_OK) {
        *count = (uint32_t)devices;
    }
    return status;
}

static int attribute(enum cudaDeviceAttr which, uint32_t device)
{
    int value = 0;

    return cudaDeviceGetAttribute(&value, which, (int)device) == cudaSuccess
               ? value
               : 0;
}

/* Free memory is known of the current device only, and asking makes the
 * driver's context on it. */
static cedm_status describe(uint32_t device, cedm_cuda_device *out)
{
    struct cudaDeviceProp properties;
    size_t free_bytes = 0, total_bytes = 0;
    cudaError_t code = cudaGetDeviceProperties(&properties, (int)device);

    if (code == cudaSuccess) {
        code = cudaMemGetInfo(&free_bytes, &total_bytes);
    }
    if (code != cudaSuccess) {
        return driver_status(code);
    }
    memcpy(out->name, properties.name, sizeof out->name - 1);
    out->arch =
        (uint32_t)(10 * attribute(cudaDevAttrComputeCapabilityMajor, device) +
                   attribute(cudaDevAttrComputeCapabilityMinor, device));
    out->multiprocessors =
        (uint32_t)attribute(cudaDevAttrMultiProcessorCount, device);
    out->total_bytes = total_bytes;
    out->free_bytes = free_bytes;
    return out->arch >= CEDM_CUDA_MIN_ARCH ? CEDM_OK : CEDM_E_DEVICE;
}

cedm_status cedm_cuda_describe(uint32_t device, cedm_cuda_device *out)
{
    cedm_cuda_scope scope;
    uint32_t count;
    cedm_status status;

    if (out == NULL) {
        return CEDM_E_NULL;
    }
    memset(out, 0, sizeof *out);
    status = cedm_cuda_devices(&count);
    if (status != CEDM_OK) {
        return status;
    }
    status = device < count ? cedm_cuda_enter(&scope, device) : CEDM_E_DEVICE;
    if (status != CEDM_OK) {
        return status;
    }
    status = describe(device, out);
    cedm_cuda_leave(&scope);
    return status;
}

/* ---- the current device ------------------------------------------------ */

cedm_status cedm_cuda_enter(cedm_cuda_scope *scope, uint32_t device)
{
    cedm_status status = driver_status(cudaGetDevice(&scope->before));

    if (status == CEDM_OK) {
        status = driver_status(cudaSetDevice((int)device));
    }
    return status;
}

void cedm_cuda_leave(const cedm_cuda_scope *scope)
{
    cudaSetDevice(scope->before);
}

cedm_status cedm_cuda_check(cedm_cuda_fault *fault, const char *call,
                            int code)
{
    if (code == cudaSuccess) {
        return CEDM_OK;
    }
    if (fault != NULL) {
        fault->call = call;
        fault->text = cudaGetErrorString((cudaError_t)code);
    }
    cudaGetLastError(); /* or the next launch would report it */
    return CEDM_E_CUDA;
}

/* The capture is ended whatever was queued, or the stream stays unusable. */
cedm_status cedm_cuda_record(cedm_cuda_fault *fault, void *stream,
                             cedm_cuda_work *work, void *net, void **graph)
{
    cudaGraph_t recorded = NULL;
    cedm_status status =
        cedm_cuda_check(fault, "cudaStreamBeginCapture",
                        (int)cudaStreamBeginCapture(
                            stream, cudaStreamCaptureModeThreadLocal));
    cudaError_t code;

    if (status != CEDM_OK) {
        return status;
    }
    status = work(net);
    code = cudaStreamEndCapture(stream, &recorded);
    if (status == CEDM_OK) {
        status = cedm_cuda_check(fault, "cudaStreamEndCapture", (int)code);
    }
    if (status == CEDM_OK) {
        code = cudaGraphInstantiateWithFlags((cudaGraphExec_t *)graph,
                                             recorded, 0);
        status = cedm_cuda_check(fault, "cudaGraphInstantiate", (int)code);
    }
    if (status == CEDM_OK) { /* else the first launch would allocate */
        status = cedm_cuda_check(
            fault, "cudaGraphUpload",
            (int)cudaGraphUpload((cudaGraphExec_t)*graph, stream));
    }
    if (recorded != NULL) {
        cudaGraphDestroy(recorded);
    }
    return status;
}

/* ---- memory ------------------------------------------------------------ */

static cedm_status memory_status(cudaError_t code)
{
    if (code == cudaErrorMemoryAllocation) {
        cudaGetLastError();
        return CEDM_E_DEVICE_MEMORY;
    }
    return driver_status(code);
}

cedm_status cedm_cuda_allocate(uint32_t device, uint64_t bytes, void **memory)
{
    cedm_cuda_scope scope;
    cedm_status status;

    if (memory == NULL) {
        return CEDM_E_NULL;
    }
    *memory = NULL;
    status = cedm_cuda_enter(&scope, device);
    if (status == CEDM_OK) {
        status = memory_status(cudaMalloc(memory, (size_t)bytes));
        cedm_cuda_leave(&scope);
    }
    return status;
}

cedm_status cedm_cuda_allocate_pinned(uint64_t bytes, void **memory)
{
    if (memory == NULL) {
        return CEDM_E_NULL;
    }
    *memory = NULL;
    return memory_status(cudaMallocHost(memory, (size_t)bytes));
}

cedm_status cedm_cuda_release(uint32_t device, void *memory)
{
    cedm_cuda_scope scope;
    cedm_status status = cedm_cuda_enter(&scope, device);

    if (status == CEDM_OK) {
        status = driver_status(cudaFree(memory));
        cedm_cuda_leave(&scope);
    }
    return status;
}

cedm_status cedm_cuda_release_pinned(void *memory)
{
    return driver_status(cudaFreeHost(memory));
}
