/* SPDX-License-Identifier: MIT
 *
 * sums.cu - sums of gradients over pixels, then over images: what biases and
 * the blocks' vectors get. */
#include "trainer/cuda/columns.cuh"

#define THREADS 256
#define RUN 32 /* pixels that a thread adds up in float */

struct sums_args {
    cedm_map grad;
    float *dst, *bias[2]; /* dst: of image 0, from the index on */
    uint32_t pixels, channels, stride, batch;
    float scale;
};

/* Blocks: x images, y columns. */
template <typename T, int V>
__global__ void __launch_bounds__(COLUMN_THREADS) sums_pixels(sums_args v)
{
    typedef column_shape<V> shape;
    float *parts = reinterpret_cast<float *>(cedm_shared());
    uint32_t image = blockIdx.x, c = blockIdx.y * COLUMNS + shape::column();
    uint32_t own = blockIdx.y * COLUMNS + threadIdx.x;
    double total = 0.0;

    for (uint32_t first = 0; first < v.pixels; first += RUN * shape::ROWS) {
        uint32_t left = v.pixels - first;
        uint32_t count = left < RUN * shape::ROWS ? left : RUN * shape::ROWS;
        float sum[V] = {}, x[V];

        for (uint32_t p = shape::row(); c < v.channels && p < count;
             p += shape::ROWS) {
            cedm_load_map<T, V>(
                x, v.grad,
                ((size_t)image * v.pixels + first + p) * v.channels + c);
#pragma unroll
            for (int i = 0; i < V; i++) {
                sum[i] += x[i];
            }
        }
        total += column_total<V>(parts, sum);
    }
    if (threadIdx.x < COLUMNS && own < v.channels) {
        v.dst[(size_t)image * v.stride + own] =
            (float)(total * (double)v.scale);
    }
}

/* A thread a channel. */
__global__ void __launch_bounds__(THREADS) sums_images(sums_args v)
{
    uint32_t c = blockIdx.x * THREADS + threadIdx.x;
    double sum = 0.0;

    if (c >= v.channels) {
        return;
    }
#pragma unroll 8 /* loads ahead of the chain of additions */
    for (uint32_t i = 0; i < v.batch; i++) {
        sum += (double)v.dst[(size_t)i * v.stride + c];
    }
    for (int k = 0; k < 2; k++) {
        if (v.bias[k] != NULL) {
            v.bias[k][c] += (float)sum;
        }
    }
}

template <typename T, int V>
static int run(const train_cuda_exec *exec, const sums_args *v)
{
    const auto kernel = sums_pixels<T, V>;

    return CEDM_LAUNCH(kernel,
                       dim3(v->batch, cedm_blocks(v->channels, COLUMNS)),
                       COLUMN_THREADS, column_shared<V>(),
                       exec->base.stream, *v);
}

extern "C" int train_cuda_sums(const train_cuda_exec *exec, const cg_sums *op)
{
    sums_args v = {};
    int error;

    v.grad = cedm_map_at(&exec->base, op->grad);
    v.dst = (float *)cedm_cuda_at(&exec->base, op->dst) + op->index;
    v.bias[0] = op->bias == CEDM_NONE ? NULL : exec->grads + op->bias;
    v.bias[1] = op->bias2 == CEDM_NONE ? NULL : exec->grads + op->bias2;
    v.pixels = op->pixels;
    v.channels = op->channels;
    v.stride = op->stride;
    v.batch = exec->base.batch;
    v.scale = op->scale;
    error = CEDM_BY_EIGHTS(&exec->base, op->channels % 8 == 0, run, exec, &v);
    if (error != 0 || (v.bias[0] == NULL && v.bias[1] == NULL)) {
        return error;
    }
    return CEDM_LAUNCH(sums_images, cedm_blocks(v.channels, THREADS), THREADS,
                       0, exec->base.stream, v);
}
