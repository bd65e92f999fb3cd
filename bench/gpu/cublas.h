/* SPDX-License-Identifier: MIT
 *
 * cublas.h - how fast cuBLAS multiplies matrices, as a yardstick. */
#ifndef CEDM_BENCH_GPU_CUBLAS_H
#define CEDM_BENCH_GPU_CUBLAS_H

#include <stdint.h>

#include "cedm_cuda.h"

/* Seconds of [m][k] times [n][k]^T, the best of the eight algorithms that it
 * recommends, on random numbers; medians. */
double cublas_seconds(uint64_t m, uint64_t n, uint64_t k,
                      enum cedm_cuda_precision precision);

#endif
