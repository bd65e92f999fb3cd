/* SPDX-License-Identifier: MIT
 *
 * pool.cu - the largest value or the mean of windows; a thread makes V
 * channels of a pixel.
 *
 * Rows of a window come first, then columns, as in runtime/ops/pool.c. */
#include "runtime/cuda/eights.cuh"

#define THREADS 256

struct pool_args {
    cedm_map src, dst;
    uint32_t *overflow;
    uint32_t mode, height, width, in_height, in_width, channels;
    uint32_t kernel, stride, pad, dst_stride;
};

/* Pixels first .. end-1 of the source along an axis that output o sees. */
static __device__ __forceinline__ void pool_window(const pool_args &v,
                                                   uint32_t o, uint32_t size,
                                                   uint32_t *first,
                                                   uint32_t *end)
{
    uint32_t from = o * v.stride;

    if (v.kernel == 0) {
        *first = 0;
        *end = size;
        return;
    }
    *first = from > v.pad ? from - v.pad : 0;
    *end = from + v.kernel > v.pad ? from + v.kernel - v.pad : 0;
    *end = *end < size ? *end : size;
}

/* value becomes that of a window with another pixel. */
template <int V>
static __device__ __forceinline__ void
pool_add(const pool_args &v, float (&value)[V], const float (&next)[V])
{
#pragma unroll
    for (int j = 0; j < V; j++) {
        bool stays = value[j] > next[j] || value[j] != value[j];

        value[j] = v.mode == CEDM_POOL_MEAN ? value[j] + next[j]
            : stays                         ? value[j]
                                            : next[j];
    }
}

/* A window's V channels from c on. */
template <typename T, int V>
static __device__ __forceinline__ void
pool_pixel(const pool_args &v, float (&value)[V], uint32_t image, uint32_t y,
           uint32_t x, uint32_t c)
{
    bool mean = v.mode == CEDM_POOL_MEAN;
    uint32_t y0, y1, x0, x1;
    float next[V];

    pool_window(v, y, v.in_height, &y0, &y1);
    pool_window(v, x, v.in_width, &x0, &x1);
    for (int j = 0; j < V; j++) {
        value[j] = mean ? 0.0f : -INFINITY;
    }
    for (uint32_t i = y0; i < y1; i++) {
        size_t row = ((size_t)image * v.in_height + i) * v.in_width;

        for (uint32_t k = x0; k < x1; k++) {
            cedm_load_map<T, V>(next, v.src, (row + k) * v.channels + c);
            pool_add<V>(v, value, next);
        }
    }
    if (mean) {
        float by = 1.0f / ((float)(y1 - y0) * (float)(x1 - x0));

        for (int j = 0; j < V; j++) {
            value[j] *= by;
        }
    }
}

template <typename T, int V>
__global__ void __launch_bounds__(THREADS) pool(pool_args v)
{
    uint32_t e = (blockIdx.y * THREADS + threadIdx.x) * V;
    uint32_t pixels = v.height * v.width, pixel = e / v.channels;
    uint32_t image = blockIdx.x, c = e % v.channels;
    float value[V];

    if (pixel >= pixels) {
        return;
    }
    pool_pixel<T, V>(v, value, image, pixel / v.width, pixel % v.width, c);
    if (cedm_store_map<T, V>(
            v.dst, ((size_t)image * pixels + pixel) * v.dst_stride + c,
            value)) {
        atomicOr(&v.overflow[image], CEDM_CUDA_OVERFLOW);
    }
}

template <typename T, int V>
static int run(const cedm_cuda_exec *exec, const pool_args *v)
{
    const auto kernel = pool<T, V>;
    uint64_t elements = (uint64_t)v->height * v->width * v->channels;
    dim3 grid(exec->batch, cedm_blocks(elements, THREADS * V));

    return CEDM_LAUNCH(kernel, grid, THREADS, 0, exec->stream, *v);
}

extern "C" int cedm_cuda_pool(const cedm_cuda_exec *exec, const cedm_pool *op)
{
    pool_args v = {};

    v.src = cedm_map_at(exec, op->src);
    v.dst = cedm_slice_at(exec, op->dst, op->dst_index);
    v.overflow = exec->overflow;
    v.mode = op->mode;
    v.height = op->height;
    v.width = op->width;
    v.in_height = op->in_height;
    v.in_width = op->in_width;
    v.channels = op->channels;
    v.kernel = op->kernel;
    v.stride = op->stride;
    v.pad = op->pad;
    v.dst_stride = cedm_cuda_dst_stride(op->dst_stride, op->channels);
    return CEDM_BY_EIGHTS(exec,
                          op->channels % 8 == 0 && op->dst_index % 8 == 0 &&
                              op->dst_stride % 8 == 0,
                          run, exec, &v);
}
