/* SPDX-License-Identifier: MIT
 *
 * vectors.cu - training ops on vectors, and the plain ones on maps; a thread
 * an element. */
#include "trainer/cuda/map.cuh"

#define THREADS 256

static __device__ __forceinline__ size_t element()
{
    return (size_t)blockIdx.y * THREADS + threadIdx.x;
}

/* Blocks: x images, y elements of one. */
static dim3 grid_of(const train_cuda_exec *exec, uint64_t elements)
{
    return dim3(exec->base.batch, cedm_blocks(elements, THREADS));
}

static float *vector_at(const train_cuda_exec *exec, cedm_ref ref)
{
    return (float *)cedm_cuda_at(&exec->base, ref);
}

/* ---- augment ----------------------------------------------------------- */

__global__ void __launch_bounds__(THREADS)
augment(uint32_t channels, uint32_t label_dim, const float *weight,
        const float *src, const float *labels, float *dst)
{
    size_t c = element(), at = (size_t)blockIdx.x * channels + c;
    float sum;

    if (c >= channels) {
        return;
    }
    sum = src[at];
    for (uint32_t k = 0; k < label_dim; k++) {
        sum = fmaf(weight[c * label_dim + k],
                   labels[(size_t)blockIdx.x * label_dim + k], sum);
    }
    dst[at] = sum;
}

extern "C" int train_cuda_augment(const train_cuda_exec *exec,
                                  const cg_augment *op)
{
    return CEDM_LAUNCH(augment, grid_of(exec, op->channels), THREADS, 0,
                       exec->base.stream, op->channels, op->label_dim,
                       exec->data + op->weight, vector_at(exec, op->src),
                       vector_at(exec, op->labels),
                       vector_at(exec, op->dst));
}

/* ---- silu_grad --------------------------------------------------------- */

__global__ void __launch_bounds__(THREADS)
silu_grad(uint32_t channels, const float *src, const float *grad, float *dst)
{
    size_t c = element(), at = (size_t)blockIdx.x * channels + c;

    if (c < channels) {
        dst[at] = grad[at] * map_silu_slope<float>(src[at]);
    }
}

extern "C" int train_cuda_silu_grad(const train_cuda_exec *exec,
                                    const cg_silu_grad *op)
{
    return CEDM_LAUNCH(silu_grad, grid_of(exec, op->channels), THREADS, 0,
                       exec->base.stream, op->channels,
                       vector_at(exec, op->src), vector_at(exec, op->grad),
                       vector_at(exec, op->dst));
}

/* ---- embed_grad -------------------------------------------------------- */

/* Blocks: x rows of the weight, after the last one the bias; y channels.
 * Each looks for its images in their order. */
__global__ void __launch_bounds__(THREADS)
embed_grad(cg_embed_grad op, uint32_t batch, const int32_t *cluster,
           const float *grad, float *grads)
{
    size_t c = element(), at = op.bias + c;
    bool is_bias = blockIdx.x == op.label_dim;
    float sum = 0.0f;

    if (c >= op.channels || (is_bias && op.bias == CEDM_NONE)) {
        return;
    }
    for (uint32_t i = 0; i < batch; i++) {
        if (is_bias || cluster[i] == (int32_t)blockIdx.x) {
            sum += grad[(size_t)i * op.channels + c];
        }
    }
    if (!is_bias) {
        at = op.weight + (size_t)blockIdx.x * op.channels + c;
        sum *= op.label_scale;
    }
    grads[at] += sum;
}

extern "C" int train_cuda_embed_grad(const train_cuda_exec *exec,
                                     const cg_embed_grad *op)
{
    return CEDM_LAUNCH(embed_grad,
                       dim3(op->label_dim + 1,
                            cedm_blocks(op->channels, THREADS)),
                       THREADS, 0, exec->base.stream, *op, exec->base.batch,
                       exec->base.cluster, vector_at(exec, op->grad),
                       exec->grads);
}

/* ---- add --------------------------------------------------------------- */

template <typename T, int V>
__global__ void __launch_bounds__(THREADS)
add(cg_add op, cedm_map src, cedm_map dst, uint32_t *overflow)
{
    size_t e = element() * V, at = (size_t)blockIdx.x * op.elements + e;
    float x[V], sum[V];

    if (e >= op.elements) {
        return;
    }
    cedm_load_map<T, V>(x, src, at);
    if (op.accumulate) {
        cedm_load_map<T, V>(sum, dst, at);
    }
#pragma unroll
    for (int i = 0; i < V; i++) {
        x[i] *= op.scale;
        x[i] = op.accumulate ? sum[i] + x[i] : x[i];
    }
    if (cedm_store_map<T, V>(dst, at, x)) {
        atomicOr(&overflow[blockIdx.x], CEDM_CUDA_OVERFLOW);
    }
}

template <typename T, int V>
static int run_add(const train_cuda_exec *exec, const cg_add *op)
{
    const auto kernel = add<T, V>;

    return CEDM_LAUNCH(kernel, grid_of(exec, op->elements / V), THREADS, 0,
                       exec->base.stream, *op,
                       cedm_map_at(&exec->base, op->src),
                       cedm_map_at(&exec->base, op->dst),
                       exec->base.overflow);
}

extern "C" int train_cuda_add(const train_cuda_exec *exec, const cg_add *op)
{
    return CEDM_BY_EIGHTS(&exec->base, op->elements % 8 == 0, run_add, exec,
                          op);
}

/* ---- dilate ------------------------------------------------------------ */

template <typename T, int V>
__global__ void __launch_bounds__(THREADS)
dilate(cg_dilate op, cedm_map src, cedm_map dst)
{
    uint32_t width = 2 * op.width - 1, height = 2 * op.height - 1;
    size_t e = element() * V;
    uint32_t c = (uint32_t)(e % op.channels);
    uint32_t x = (uint32_t)(e / op.channels % width);
    uint32_t y = (uint32_t)(e / op.channels / width);
    float value[V] = {};

    if (y >= height) {
        return;
    }
    if (x % 2 == 0 && y % 2 == 0) {
        size_t pixel = ((size_t)blockIdx.x * op.height + y / 2) * op.width +
                       x / 2;

        cedm_load_map<T, V>(value, src, pixel * op.channels + c);
    }
    cedm_store_map<T, V>(
        dst, (size_t)blockIdx.x * height * width * op.channels + e, value);
}

template <typename T, int V>
static int run_dilate(const train_cuda_exec *exec, const cg_dilate *op)
{
    const auto kernel = dilate<T, V>;
    uint64_t elements = (2 * (uint64_t)op->height - 1) *
                        (2 * (uint64_t)op->width - 1) * op->channels;

    return CEDM_LAUNCH(kernel, grid_of(exec, elements / V), THREADS, 0,
                       exec->base.stream, *op,
                       cedm_map_at(&exec->base, op->src),
                       cedm_map_at(&exec->base, op->dst));
}

extern "C" int train_cuda_dilate(const train_cuda_exec *exec,
                                 const cg_dilate *op)
{
    return CEDM_BY_EIGHTS(&exec->base, op->channels % 8 == 0, run_dilate, exec,
                          op);
}
