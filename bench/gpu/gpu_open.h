/* SPDX-License-Identifier: MIT
 *
 * gpu_open.h - a frozen model on a GPU, for programs that link libcedm_cuda and
 * look inside: they need the C library, cudart and cublasLt alone. */
#ifndef CEDM_BENCH_GPU_OPEN_H
#define CEDM_BENCH_GPU_OPEN_H

#include <cuda_runtime_api.h>

#include "runtime/cuda/cuda_net.h"

typedef struct gpu_model {
    const cedm_model *code;
    cedm_blob blob;
    cedm_cuda_device device;
    cedm_cuda_config config;
    cedm_cuda_fault fault;
    cedm_cuda_net *net;
} gpu_model;

#define GPU_NONE 77 /* exit code where there is no device */

/* The program's name in messages; every failure ends it. */
extern const char gpu_program[];

_Noreturn void gpu_stop(const char *where, const char *what);
void gpu_check(const gpu_model *m, const char *call, cedm_status status);
void gpu_cuda(const char *call, cudaError_t code);

/* M.so and the M.cedm beside it. */
void gpu_load(gpu_model *m, const char *path);

/* A net in memory of its own, by kernels of at most `arch`, as 80; 0: the
 * device's.  m must not be moved. */
void gpu_open(gpu_model *m, enum cedm_cuda_precision precision, uint32_t arch,
              uint32_t batch, uint32_t steps);
void gpu_close(gpu_model *m);

/* Prints a list of precisions if the text names none. */
enum cedm_cuda_precision gpu_precision(const char *text);

/* Zeroed or ends the program. */
void *gpu_array(size_t count, size_t size);

/* Draws a batch, seeds 0 and on, and waits; seconds. */
double gpu_sample(gpu_model *m, uint8_t *images);

#endif
