/* SPDX-License-Identifier: MIT
 *
 * norm_grad.cu - the adjoint of norm, activation and dropout; the formulas
 * are those of trainer/ops/norm_grad.c.
 *
 * One pass over the map makes sums per run of pixels, a kernel per image
 * finishes them, a second pass makes the gradients.  Both passes compute the
 * gradient before the norm, so that it is neither stored nor rounded. */
#include "trainer/cuda/columns.cuh"
#include "runtime/cuda/norm_coeff.cuh"
#include "trainer/cuda/dropout.cuh"
#include "trainer/cuda/workspace.h"

#define THREADS 256
#define RUN 256u /* pixels of a run */

struct grad_args {
    map_pair src, dst;
    cedm_map grad;
    dropout_mask mask;
    const float *coeff, *moments; /* moments: 1 / deviation, -mean / it */
    const float *gamma, *beta, *adaptive;
    float *runs;    /* [batch][runs][2][channels] */
    float *factors; /* [batch][2][channels]: k1, k0 */
    float *sums, *adaptive_dst;
    float *beta_grad, *gamma_grad;
    uint32_t *overflow;
    uint32_t batch, pixels, channels, run_count, groups, act;
    uint32_t adaptive_stride, accumulate[2];
};

/* The gradient by u = a x + b of V channels from c on of a pixel. */
template <typename T, int V>
static __device__ __forceinline__ void before_act(const grad_args &v,
                                                  uint32_t image,
                                                  uint32_t pixel, uint32_t c,
                                                  const float (&x)[V],
                                                  float (&g)[V])
{
    size_t e = (size_t)pixel * v.channels + c;
    const float *coeff = v.coeff + (size_t)image * 2 * v.channels + c;
    float a[V], b[V];

    cedm_load_map<T, V>(g, v.grad, (size_t)image * v.pixels * v.channels + e);
    dropout_apply<V>(v.mask, image, e, g);
    if (v.act != CEDM_ACT_SILU) {
        return;
    }
    cedm_load_floats(a, coeff);
    cedm_load_floats(b, coeff + v.channels);
#pragma unroll
    for (int i = 0; i < V; i++) {
        g[i] *= map_silu_slope<T>(fmaf(a[i], x[i], b[i]));
    }
}

/* ---- sums -------------------------------------------------------------- */

/* Blocks: x runs of the images, y columns. */
template <typename T, int V>
__global__ void __launch_bounds__(COLUMN_THREADS) norm_sums(grad_args v)
{
    typedef column_shape<V> shape;
    float *parts = reinterpret_cast<float *>(cedm_shared());
    uint32_t image = blockIdx.x / v.run_count;
    uint32_t first = blockIdx.x % v.run_count * RUN, left = v.pixels - first;
    uint32_t end = first + (left < RUN ? left : RUN);
    uint32_t c = blockIdx.y * COLUMNS + shape::column();
    uint32_t own = blockIdx.y * COLUMNS + threadIdx.x;
    float s0[V] = {}, s1[V] = {}, inverse[V] = {}, shift[V] = {};
    double total0, total1;

    if (c < v.channels) {
        const float *m = v.moments + (size_t)image * 2 * v.channels + c;

        cedm_load_floats(inverse, m);
        cedm_load_floats(shift, m + v.channels);
    }
    for (uint32_t p = first + shape::row(); c < v.channels && p < end;
         p += shape::ROWS) {
        uint32_t which;
        size_t at = map_pair_at(v.src, (size_t)image * v.pixels + p, c,
                                &which);
        float x[V], g[V];

        cedm_load_map<T, V>(x, v.src.map[which], at);
        before_act<T, V>(v, image, p, c, x, g);
#pragma unroll
        for (int i = 0; i < V; i++) {
            s0[i] += g[i];
            s1[i] = fmaf(g[i], fmaf(x[i], inverse[i], shift[i]), s1[i]);
        }
    }
    total0 = column_total<V>(parts, s0);
    total1 = column_total<V>(parts, s1);
    if (threadIdx.x < COLUMNS && own < v.channels) {
        float *run = v.runs + (size_t)blockIdx.x * 2 * v.channels + own;

        run[0] = (float)total0;
        run[v.channels] = (float)total1;
    }
}

/* ---- factors ----------------------------------------------------------- */

/* What a channel's sums mean for the parameters. */
static __device__ void norm_params(const grad_args &v, uint32_t c, double p0,
                                   double p1)
{
    float *sums = v.sums + (size_t)blockIdx.x * 2 * v.channels + c;
    size_t at = (size_t)blockIdx.x * v.adaptive_stride + c;
    double scale = 1.0;

    if (v.adaptive != NULL) {
        scale += (double)v.adaptive[at];
        v.adaptive_dst[at] = (float)((double)v.gamma[c] * p1 +
                                     (double)v.beta[c] * p0);
        v.adaptive_dst[at + v.channels] = (float)p0;
    }
    sums[0] = (float)(scale * p0);
    sums[v.channels] = (float)(scale * p1);
}

/* Blocks: images. */
__global__ void __launch_bounds__(THREADS) norm_factors(grad_args v)
{
    uint32_t size = v.channels / v.groups;
    double count = (double)v.pixels * size;
    double *s0 = reinterpret_cast<double *>(cedm_shared());
    double *s1 = s0 + v.channels;
    size_t vectors = (size_t)blockIdx.x * 2 * v.channels;

    for (uint32_t c = threadIdx.x; c < v.channels; c += THREADS) {
        const float *run = v.runs + vectors * v.run_count + c;
        double p0 = 0.0, p1 = 0.0, a = (double)v.coeff[vectors + c];

        for (uint32_t r = 0; r < v.run_count; r++, run += 2 * v.channels) {
            p0 += (double)run[0];
            p1 += (double)run[v.channels];
        }
        norm_params(v, c, p0, p1);
        s0[c] = a * p0;
        s1[c] = a * p1;
    }
    __syncthreads();
    for (uint32_t g = threadIdx.x; g < v.groups; g += THREADS) {
        double sum0 = 0.0, sum1 = 0.0;

        for (uint32_t c = g * size; c < (g + 1) * size; c++) {
            sum0 += s0[c];
            sum1 += s1[c];
        }
        for (uint32_t c = g * size; c < (g + 1) * size; c++) {
            double inverse = (double)v.moments[vectors + c];
            double shift = (double)v.moments[vectors + v.channels + c];
            float *k = v.factors + vectors + c;

            k[0] = (float)(-inverse * sum1 / count);
            k[v.channels] = (float)(-(sum0 + shift * sum1) / count);
        }
    }
}

/* Adds up the images' parts, a thread a channel. */
__global__ void __launch_bounds__(THREADS) norm_images(grad_args v)
{
    uint32_t c = blockIdx.x * THREADS + threadIdx.x;
    double beta = 0.0, gamma = 0.0;

    if (c >= v.channels) {
        return;
    }
#pragma unroll 8 /* loads ahead of the chain of additions */
    for (uint32_t i = 0; i < v.batch; i++) {
        const float *sums = v.sums + (size_t)i * 2 * v.channels + c;

        beta += (double)sums[0];
        gamma += (double)sums[v.channels];
    }
    v.beta_grad[c] += (float)beta;
    v.gamma_grad[c] += (float)gamma;
}

/* ---- the gradient ------------------------------------------------------ */

/* Blocks: x images, y elements. */
template <typename T, int V>
__global__ void __launch_bounds__(THREADS) norm_apply(grad_args v)
{
    uint32_t image = blockIdx.x, which;
    size_t e = ((size_t)blockIdx.y * THREADS + threadIdx.x) * V, at;
    uint32_t pixel = (uint32_t)(e / v.channels);
    uint32_t c = (uint32_t)(e % v.channels);
    size_t vectors = (size_t)image * 2 * v.channels + c;
    float x[V], g[V], a[V], k1[V], k0[V], sum[V] = {};

    if (pixel >= v.pixels) {
        return;
    }
    at = map_pair_at(v.src, (size_t)image * v.pixels + pixel, c, &which);
    if (v.dst.map[which].data == NULL) {
        return;
    }
    cedm_load_map<T, V>(x, v.src.map[which], at);
    before_act<T, V>(v, image, pixel, c, x, g);
    cedm_load_floats(a, v.coeff + vectors);
    cedm_load_floats(k1, v.factors + vectors);
    cedm_load_floats(k0, v.factors + vectors + v.channels);
    if (v.accumulate[which]) {
        cedm_load_map<T, V>(sum, v.dst.map[which], at);
    }
#pragma unroll
    for (int i = 0; i < V; i++) {
        sum[i] += fmaf(a[i], g[i], fmaf(k1[i], x[i], k0[i]));
    }
    if (cedm_store_map<T, V>(v.dst.map[which], at, sum)) {
        atomicOr(&v.overflow[image], CEDM_CUDA_OVERFLOW);
    }
}

/* ---- host -------------------------------------------------------------- */

static int run_moments(const train_cuda_exec *exec, const cg_norm_grad *op,
                       float *moments)
{
    norm_args v = {};

    for (int s = 0; s < 2; s++) {
        v.channels[s] = op->channels[s];
        if (op->channels[s] != 0) {
            v.stats[s] = (const float *)cedm_cuda_at(&exec->base,
                                                     op->stats[s]);
        }
    }
    v.dst = moments;
    v.height = op->height;
    v.width = op->width;
    v.groups = op->groups;
    v.stat_rows = op->stat_rows;
    v.partials = cedm_blocks(op->height, op->stat_rows);
    v.eps = op->eps;
    return norm_queue(&v, exec->base.batch, exec->base.stream);
}

template <typename T, int V>
static int run(const train_cuda_exec *exec, const grad_args *v)
{
    const auto sums = norm_sums<T, V>;
    const auto apply = norm_apply<T, V>;
    uint64_t elements = (uint64_t)v->pixels * v->channels;
    void *stream = exec->base.stream;
    int error = CEDM_LAUNCH(sums,
                            dim3(v->batch * v->run_count,
                                 cedm_blocks(v->channels, COLUMNS)),
                            COLUMN_THREADS, column_shared<V>(), stream, *v);

    if (error == 0) {
        error = CEDM_LAUNCH(norm_factors, v->batch, THREADS,
                            2 * v->channels * sizeof(double), stream, *v);
    }
    if (error == 0) {
        error = CEDM_LAUNCH(norm_images, cedm_blocks(v->channels, THREADS),
                            THREADS, 0, stream, *v);
    }
    return error != 0 ? error
        : CEDM_LAUNCH(apply,
                      dim3(v->batch, cedm_blocks(elements, THREADS * V)),
                      THREADS, 0, stream, *v);
}

static void fill_params(grad_args *v, const train_cuda_exec *exec,
                        const cg_norm_grad *op)
{
    v->gamma = exec->data + op->gamma;
    v->beta = exec->data + op->beta;
    v->gamma_grad = exec->grads + op->gamma;
    v->beta_grad = exec->grads + op->beta;
    v->sums = (float *)cedm_cuda_at(&exec->base, op->sums);
    v->adaptive_stride = op->adaptive_stride;
    if (op->adaptive_src != CEDM_NONE) {
        v->adaptive = (const float *)cedm_cuda_at(&exec->base,
                                                  op->adaptive_src) +
                      op->adaptive_index;
        v->adaptive_dst = (float *)cedm_cuda_at(&exec->base,
                                                op->adaptive_dst) +
                          op->adaptive_index;
    }
}

static uint32_t runs_of(const cg_norm_grad *op)
{
    return cedm_blocks((uint64_t)op->height * op->width, RUN);
}

/* Floats of the workspace before the mask. */
static uint64_t floats_of(const cg_norm_grad *op, uint32_t batch)
{
    uint64_t channels = (uint64_t)op->channels[0] + op->channels[1];

    return batch * (4 + 2 * (uint64_t)runs_of(op)) * channels;
}

uint64_t train_cuda_workspace_norm_grad(const cg_norm_grad *op, uint32_t batch)
{
    uint64_t channels = (uint64_t)op->channels[0] + op->channels[1];
    uint64_t elements = op->height * op->width * channels;

    return floats_of(op, batch) * sizeof(float) +
           (op->layer == CG_NO_DROPOUT ? 0
                                       : batch * dropout_stride(elements));
}

extern "C" int train_cuda_norm_grad(const train_cuda_exec *exec,
                                    const cg_norm_grad *op)
{
    grad_args v = {};
    uint32_t batch = exec->base.batch;
    bool eights = op->channels[0] % 8 == 0 && op->channels[1] % 8 == 0;
    float *moments = (float *)exec->base.workspace;
    int error;

    v.src = map_pair_of(exec, op->src, op->channels);
    v.dst = map_pair_of(exec, op->dst, op->channels);
    v.grad = cedm_map_at(&exec->base, op->grad);
    v.batch = batch;
    v.pixels = op->height * op->width;
    v.channels = op->channels[0] + op->channels[1];
    v.run_count = runs_of(op);
    v.groups = op->groups;
    v.act = op->act;
    v.accumulate[0] = op->accumulate[0];
    v.accumulate[1] = op->accumulate[1];
    v.coeff = (const float *)cedm_cuda_at(&exec->base, op->coeff);
    v.moments = moments;
    v.factors = moments + (size_t)2 * batch * v.channels;
    v.runs = v.factors + (size_t)2 * batch * v.channels;
    v.overflow = exec->base.overflow;
    fill_params(&v, exec, op);
    error = dropout_make(exec, op->layer, (uint64_t)v.pixels * v.channels,
                         (unsigned char *)(moments + floats_of(op, batch)),
                         &v.mask);
    error = error != 0 ? error : run_moments(exec, op, moments);
    return error != 0 ? error
                      : CEDM_BY_EIGHTS(&exec->base, eights, run, exec, &v);
}
