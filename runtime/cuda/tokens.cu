/* SPDX-License-Identifier: MIT
 *
 * tokens.cu - the tokens of a vision transformer; a thread makes V channels
 * of one. */
#include "runtime/cuda/eights.cuh"

#define THREADS 256

struct tokens_args {
    cedm_map src, dst;
    const float *table;
    uint32_t *overflow;
    size_t before, elements; /* of an image: without a patch, and in all */
};

template <typename T, int V>
__global__ void __launch_bounds__(THREADS) tokens(tokens_args v)
{
    size_t e = ((size_t)blockIdx.y * THREADS + threadIdx.x) * V;
    size_t image = blockIdx.x;
    float sum[V], patch[V];

    if (e >= v.elements) {
        return;
    }
    cedm_load_floats<V>(sum, v.table + e);
    if (e >= v.before) {
        cedm_load_map<T, V>(patch, v.src,
                            image * (v.elements - v.before) + e - v.before);
#pragma unroll
        for (int j = 0; j < V; j++) {
            sum[j] += patch[j];
        }
    }
    if (cedm_store_map<T, V>(v.dst, image * v.elements + e, sum)) {
        atomicOr(&v.overflow[image], CEDM_CUDA_OVERFLOW);
    }
}

template <typename T, int V>
static int run(const cedm_cuda_exec *exec, const tokens_args *v)
{
    const auto kernel = tokens<T, V>;
    dim3 grid(exec->batch, cedm_blocks(v->elements, THREADS * V));

    return CEDM_LAUNCH(kernel, grid, THREADS, 0, exec->stream, *v);
}

extern "C" int cedm_cuda_tokens(const cedm_cuda_exec *exec,
                                const cedm_tokens *op)
{
    tokens_args v = {};

    v.src = cedm_map_at(exec, op->src);
    v.dst = cedm_map_at(exec, op->dst);
    v.table = (const float *)cedm_cuda_part(exec, op->id);
    v.overflow = exec->overflow;
    v.before = (size_t)op->first * op->channels;
    v.elements = (size_t)op->tokens * op->channels;
    return CEDM_BY_EIGHTS(exec, op->channels % 8 == 0, run, exec, &v);
}
