/* SPDX-License-Identifier: MIT
 *
 * activate.cu - an activated map, with dropout, maybe enlarged; a thread V
 * channels of a pixel. */
#include "trainer/cuda/dropout.cuh"
#include "trainer/cuda/workspace.h"

#define THREADS 256

struct activate_args {
    map_pair src;
    cedm_map dst;
    dropout_mask mask;
    const float *coeff;
    uint32_t *overflow;
    uint32_t channels, width, pixels, act, up;
};

/* Blocks: x images, y elements of the source. */
template <typename T, int V>
__global__ void __launch_bounds__(THREADS) activate(activate_args v)
{
    uint32_t image = blockIdx.x, which;
    size_t e = ((size_t)blockIdx.y * THREADS + threadIdx.x) * V;
    uint32_t pixel = (uint32_t)(e / v.channels);
    uint32_t c = (uint32_t)(e % v.channels), x = pixel % v.width;
    size_t from, to;
    float value[V], a[V], b[V];
    bool overflow;

    if (pixel >= v.pixels) {
        return;
    }
    from = map_pair_at(v.src, (size_t)image * v.pixels + pixel, c, &which);
    cedm_load_map<T, V>(value, v.src.map[which], from);
    if (v.act != CEDM_ACT_NONE) {
        const float *coeff = v.coeff + (size_t)image * 2 * v.channels + c;

        cedm_load_floats(a, coeff);
        cedm_load_floats(b, coeff + v.channels);
#pragma unroll
        for (int i = 0; i < V; i++) {
            value[i] = cedm_activate<T>(value[i], a[i], b[i], v.act);
        }
    }
    dropout_apply<V>(v.mask, image, e, value);
    to = (size_t)image * v.pixels << 2 * v.up;
    to += ((size_t)(pixel / v.width) * v.width << 2 * v.up) + (x << v.up);
    to = to * v.channels + c;
    overflow = cedm_store_map<T, V>(v.dst, to, value);
    if (v.up) {
        size_t row = 2 * (size_t)v.width * v.channels;

        cedm_store_map<T, V>(v.dst, to + v.channels, value);
        cedm_store_map<T, V>(v.dst, to + row, value);
        cedm_store_map<T, V>(v.dst, to + row + v.channels, value);
    }
    if (overflow) {
        atomicOr(&v.overflow[image], CEDM_CUDA_OVERFLOW);
    }
}

template <typename T, int V>
static int run(const train_cuda_exec *exec, const activate_args *v)
{
    const auto kernel = activate<T, V>;
    uint64_t elements = (uint64_t)v->pixels * v->channels;

    return CEDM_LAUNCH(kernel,
                       dim3(exec->base.batch,
                            cedm_blocks(elements, THREADS * V)),
                       THREADS, 0, exec->base.stream, *v);
}

uint64_t train_cuda_workspace_activate(const cg_activate *op, uint32_t batch)
{
    uint64_t channels = (uint64_t)op->channels[0] + op->channels[1];

    return op->layer == CG_NO_DROPOUT ? 0
        : batch * dropout_stride(op->height * op->width * channels);
}

extern "C" int train_cuda_activate(const train_cuda_exec *exec,
                                   const cg_activate *op)
{
    activate_args v = {};
    bool eights = op->channels[0] % 8 == 0 && op->channels[1] % 8 == 0;
    int error;

    v.src = map_pair_of(exec, op->src, op->channels);
    v.dst = cedm_map_at(&exec->base, op->dst);
    v.channels = op->channels[0] + op->channels[1];
    v.width = op->width;
    v.pixels = op->height * op->width;
    v.act = op->act;
    v.up = op->up;
    v.overflow = exec->base.overflow;
    if (op->act != CEDM_ACT_NONE) {
        v.coeff = (const float *)cedm_cuda_at(&exec->base, op->coeff);
    }
    error = dropout_make(exec, op->layer, (uint64_t)v.pixels * v.channels,
                         (unsigned char *)exec->base.workspace, &v.mask);
    return error != 0 ? error
                      : CEDM_BY_EIGHTS(&exec->base, eights, run, exec, &v);
}
