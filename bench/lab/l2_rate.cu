/* SPDX-License-Identifier: MIT
 *
 * l2_rate.cu - an experiment: bytes per second from the second-level cache
 * to all multiprocessors, by 16-byte asynchronous copies, for working sets
 * from 1 to 128 MiB.  It bounds what tiles without shared copies may fetch.
 * Compiled, but never run so far.
 *
 *   nvcc -O3 -std=c++17 -gencode arch=compute_80,code=sm_80 \
 *     -gencode arch=compute_90a,code=sm_90a bench/lab/l2_rate.cu -o l2_rate */
#include <cuda_runtime.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK(call)                                                          \
    do {                                                                     \
        cudaError_t code_ = (call);                                          \
        if (code_ != cudaSuccess) {                                          \
            fprintf(stderr, "l2_rate: %s: %s\n", #call,                      \
                    cudaGetErrorString(code_));                              \
            exit(1);                                                         \
        }                                                                    \
    } while (0)

#define THREADS 256
#define DEPTH 8 /* copies of a thread under way */
#define ROUNDS 256
#define REPEATS 20

/* Every block reads the whole set in an order of its own. */
__global__ void __launch_bounds__(THREADS)
read_set(const uint4 *set, uint32_t vectors, uint32_t *sink)
{
    __shared__ uint4 to[DEPTH][THREADS];
    uint32_t at = blockIdx.x * 7919u * THREADS + threadIdx.x;

    for (int round = 0; round < ROUNDS; round++) {
#pragma unroll
        for (int i = 0; i < DEPTH; i++, at += THREADS) {
            asm volatile("cp.async.cg.shared.global [%0], [%1], 16;"
                         :: "r"((uint32_t)__cvta_generic_to_shared(
                                &to[i][threadIdx.x])),
                            "l"(set + at % vectors)
                         : "memory");
        }
        asm volatile("cp.async.commit_group;" ::: "memory");
        asm volatile("cp.async.wait_group 0;" ::: "memory");
    }
    if (to[0][threadIdx.x].x == 1) {
        *sink = 1; /* never: the set is zeros */
    }
}

static float milliseconds(const uint4 *set, uint32_t vectors, uint32_t *sink,
                          int blocks)
{
    cudaEvent_t from, to;
    float least = 1e30f, time;

    CHECK(cudaEventCreate(&from));
    CHECK(cudaEventCreate(&to));
    for (int i = 0; i < REPEATS; i++) {
        CHECK(cudaEventRecord(from));
        read_set<<<blocks, THREADS>>>(set, vectors, sink);
        CHECK(cudaGetLastError());
        CHECK(cudaEventRecord(to));
        CHECK(cudaEventSynchronize(to));
        CHECK(cudaEventElapsedTime(&time, from, to));
        least = time < least ? time : least;
    }
    return least;
}

int main()
{
    size_t most = (size_t)128 << 20;
    cudaDeviceProp device;
    uint32_t *sink;
    uint4 *set;
    int blocks;

    CHECK(cudaGetDeviceProperties(&device, 0));
    blocks = device.multiProcessorCount * 6;
    CHECK(cudaMalloc(&set, most));
    CHECK(cudaMemset(set, 0, most));
    CHECK(cudaMalloc(&sink, sizeof *sink));
    printf("%s, %d MiB of second-level cache\n", device.name,
           device.l2CacheSize >> 20);
    for (size_t bytes = (size_t)1 << 20; bytes <= most; bytes *= 2) {
        float ms = milliseconds(set, (uint32_t)(bytes / 16), sink, blocks);
        double read = (double)blocks * THREADS * DEPTH * ROUNDS * 16;

        printf("%4zu MiB: %.2f TB/s\n", bytes >> 20, read / ms * 1e-9);
    }
    return 0;
}
