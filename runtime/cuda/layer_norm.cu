/* SPDX-License-Identifier: MIT
 *
 * layer_norm.cu - layer normalisation; a warp makes a token.
 *
 * The mean in float is off by its rounding.  What it is off by is the mean of
 * the differences from it, and is taken out of them and of their squares
 * [CHAN], so that a mean far above the deviation costs nothing. */
#include "runtime/cuda/eights.cuh"

#define WARPS 8

struct layer_norm_args {
    cedm_map src, dst;
    const float *gamma, *beta;
    uint32_t *overflow;
    uint32_t tokens, channels, images;
    float eps;
};

/* The sum of all lanes, in every one of them. */
static __device__ __forceinline__ float warp_total(float x)
{
    for (int mask = 16; mask > 0; mask /= 2) {
        x += __shfl_xor_sync(0xffffffffu, x, mask);
    }
    return x;
}

/* Calls each(c, x) for this lane's channels of the token from `first` on. */
template <typename T, int V, typename F>
static __device__ __forceinline__ void
each_channel(const layer_norm_args &v, size_t first, F each)
{
    float x[V];

    for (uint32_t c = threadIdx.x % 32 * V; c < v.channels; c += 32 * V) {
        cedm_load_map<T, V>(x, v.src, first + c);
        each(c, x);
    }
}

template <typename T, int V>
__global__ void __launch_bounds__(WARPS * 32) layer_norm(layer_norm_args v)
{
    size_t token = (size_t)blockIdx.x * WARPS + threadIdx.x / 32;
    size_t first = token * v.channels;
    const float count = (float)v.channels;
    float sum = 0.0f, squares = 0.0f, rest = 0.0f, mean, inverse;
    bool overflow = false;

    if (token >= (size_t)v.images * v.tokens) {
        return;
    }
    each_channel<T, V>(v, first, [&](uint32_t, const float(&x)[V]) {
        for (int j = 0; j < V; j++) {
            sum += x[j];
        }
    });
    mean = warp_total(sum) / count;
    each_channel<T, V>(v, first, [&](uint32_t, const float(&x)[V]) {
        for (int j = 0; j < V; j++) {
            float d = x[j] - mean;

            rest += d;
            squares = fmaf(d, d, squares);
        }
    });
    rest = warp_total(rest) / count;
    squares = warp_total(squares) / count - rest * rest;
    inverse = 1.0f / sqrtf((squares > 0.0f ? squares : 0.0f) + v.eps);
    each_channel<T, V>(v, first, [&](uint32_t c, const float(&x)[V]) {
        float y[V], gamma[V], beta[V];

        cedm_load_floats<V>(gamma, v.gamma + c);
        cedm_load_floats<V>(beta, v.beta + c);
        for (int j = 0; j < V; j++) {
            y[j] = fmaf((x[j] - mean - rest) * inverse, gamma[j], beta[j]);
        }
        overflow |= cedm_store_map<T, V>(v.dst, first + c, y);
    });
    if (overflow) {
        atomicOr(&v.overflow[token / v.tokens], CEDM_CUDA_OVERFLOW);
    }
}

template <typename T, int V>
static int run(const cedm_cuda_exec *exec, const layer_norm_args *v)
{
    const auto kernel = layer_norm<T, V>;
    uint64_t tokens = (uint64_t)v->images * v->tokens;

    return CEDM_LAUNCH(kernel, cedm_blocks(tokens, WARPS), WARPS * 32, 0,
                       exec->stream, *v);
}

extern "C" int cedm_cuda_layer_norm(const cedm_cuda_exec *exec,
                                    const cedm_layer_norm *op)
{
    layer_norm_args v = {};

    v.src = cedm_map_at(exec, op->src);
    v.dst = cedm_map_at(exec, op->dst);
    v.gamma = (const float *)cedm_cuda_part(exec, op->id);
    v.beta = v.gamma + op->channels;
    v.overflow = exec->overflow;
    v.tokens = op->tokens;
    v.channels = op->channels;
    v.images = exec->batch;
    v.eps = op->eps;
    return CEDM_BY_EIGHTS(exec, op->channels % 8 == 0, run, exec, &v);
}
