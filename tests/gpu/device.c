/* SPDX-License-Identifier: MIT
 *
 * device.c - a GPU as the device under test, or what emulated_api.c makes of
 * the emulator. */
#include "tests/cuda/test_device.h"

#include <cublasLt.h>
#include <cuda_runtime_api.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/cuda/cuda_net.h"

static uint32_t arch;
static void *encode_tensor;

static void check(const char *call, cudaError_t code)
{
    if (code != cudaSuccess) {
        fprintf(stderr, "device.c: %s: %s\n", call, cudaGetErrorString(code));
        exit(1);
    }
}

#define CHECK(function, ...) check(#function, function(__VA_ARGS__))

bool device_open(void)
{
    cedm_cuda_exec exec = {0};
    cedm_cuda_device device;

    if (cedm_cuda_describe(0, &device) != CEDM_OK) {
        return false;
    }
    arch = device.arch;
    exec.arch = device.arch;
    exec.multiprocessors = device.multiprocessors;
    check("cedm_cuda_kernels_init",
          (cudaError_t)cedm_cuda_kernels_init(&exec));
    encode_tensor = exec.encode_tensor;
    return true;
}

void *device_encode_tensor(void)
{
    return encode_tensor;
}

unsigned long device_boxes(void)
{
    return 0;
}

const char *device_text(int code)
{
    return cudaGetErrorString((cudaError_t)code);
}

bool device_works(void)
{
    return cudaStreamSynchronize(NULL) == cudaSuccess;
}

bool device_is_real(void)
{
    return true;
}

uint32_t device_arch(void)
{
    return arch;
}

void *device_take(size_t bytes)
{
    size_t whole =
        (bytes + 2 * CEDM_CUDA_ALIGN - 1) / CEDM_CUDA_ALIGN * CEDM_CUDA_ALIGN;
    void *memory;

    CHECK(cudaMalloc, &memory, whole);
    CHECK(cudaMemsetAsync, memory, 0xff, whole, NULL);
    return memory;
}

void device_give(void *memory)
{
    CHECK(cudaFree, memory);
}

void device_put(void *to, const void *from, size_t bytes)
{
    CHECK(cudaMemcpy, to, from, bytes, cudaMemcpyHostToDevice);
}

void device_get(void *to, const void *from, size_t bytes)
{
    CHECK(cudaStreamSynchronize, NULL);
    CHECK(cudaMemcpy, to, from, bytes, cudaMemcpyDeviceToHost);
}

void device_order(bool backwards)
{
    (void)backwards;
}

/* ---- by cuBLAS --------------------------------------------------------- */

static stage_call *only_call;
static const void *only_op;

/* A model of one op. */
static void eval(const cedm_ops *ops, void *ctx)
{
    only_call(ops, ctx, only_op);
}

int device_run(cedm_cuda_exec *exec, stage_call *call, const void *op)
{
    static cedm_cuda_net net; /* 1 KiB and more */
    const cedm_model model = {.graph = {.eval = eval, .op_count = 1}};
    cedm_cuda_fault fault = {NULL, NULL};
    cedm_cuda_gemm gemms[1];
    cedm_cuda_exec with = *exec;
    cublasLtHandle_t handle;

    only_call = call;
    only_op = op;
    if (cublasLtCreate(&handle) != CUBLAS_STATUS_SUCCESS) {
        return cudaErrorUnknown;
    }
    with.model = &model;
    with.gemms = gemms;
    with.cublas = handle;
    net = (cedm_cuda_net){.exec = with, .config.fault = &fault};
    if (cedm_cuda_gemm_open(&net) != CEDM_OK) {
        fprintf(stderr, "device.c: %s: %s\n", fault.call, fault.text);
        return cudaErrorUnknown;
    }
    eval(&cedm_cuda_run, &net.exec);
    check("cudaStreamSynchronize", cudaStreamSynchronize(NULL));
    cublasLtDestroy(handle);
    return net.exec.error;
}
