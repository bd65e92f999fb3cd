/* SPDX-License-Identifier: MIT
 *
 * gate.cu - the gate of a SwiGLU layer; a thread makes V channels of a
 * token. */
#include "runtime/cuda/eights.cuh"

#define THREADS 256

struct gate_args {
    cedm_map src, dst;
    uint32_t *overflow;
    uint32_t channels, elements; /* elements: of an image's dst */
};

template <typename T, int V>
__global__ void __launch_bounds__(THREADS) gate(gate_args v)
{
    uint32_t e = (blockIdx.y * THREADS + threadIdx.x) * V;
    size_t first = (size_t)blockIdx.x * v.elements;
    size_t from = 2 * first + e + e / v.channels * v.channels;
    float x[V], by[V];

    if (e >= v.elements) {
        return;
    }
    cedm_load_map<T, V>(x, v.src, from);
    cedm_load_map<T, V>(by, v.src, from + v.channels);
#pragma unroll
    for (int j = 0; j < V; j++) {
        x[j] = cedm_silu<T>(x[j]) * by[j];
    }
    if (cedm_store_map<T, V>(v.dst, first + e, x)) {
        atomicOr(&v.overflow[blockIdx.x], CEDM_CUDA_OVERFLOW);
    }
}

template <typename T, int V>
static int run(const cedm_cuda_exec *exec, const gate_args *v)
{
    const auto kernel = gate<T, V>;
    dim3 grid(exec->batch, cedm_blocks(v->elements, THREADS * V));

    return CEDM_LAUNCH(kernel, grid, THREADS, 0, exec->stream, *v);
}

extern "C" int cedm_cuda_gate(const cedm_cuda_exec *exec, const cedm_gate *op)
{
    gate_args v = {};

    v.src = cedm_map_at(exec, op->src);
    v.dst = cedm_map_at(exec, op->dst);
    v.overflow = exec->overflow;
    v.channels = op->channels;
    v.elements = op->tokens * op->channels;
    return CEDM_BY_EIGHTS(exec, op->channels % 8 == 0, run, exec, &v);
}
