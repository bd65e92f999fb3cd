/* SPDX-License-Identifier: MIT
 *
 * attention_grad.cu - the adjoint of attention; the formulas are those of
 * trainer/ops/attention_grad.c.
 *
 * Five products of matrices, and a softmax and its adjoint between them.
 * Scores and derivatives of as many heads as fit lie in the workspace: maps
 * with attention are small. */
#include "trainer/cuda/product_matrix.cuh"
#include "trainer/cuda/product_plain.cuh"
#include "trainer/cuda/workspace.h"

#define WARPS 8

/* A group of images; arrays of the workspace are [image][head][token] of
 * rows of `pitch`, multiples of eight so that rows are aligned. */
typedef struct attention_args {
    unsigned char *src, *grad, *dst; /* of the group's first image */
    float *score, *slope;     /* q k, do v */
    void *chance, *chain;     /* p, ds: of T */
    uint32_t *overflow;
    uint32_t images, tokens, channels, heads, d, pitch;
    float scale;
} attention_args;

/* ---- rows -------------------------------------------------------------- */

/* Adds up or takes the most of what lanes have. */
static __device__ __forceinline__ float lanes_sum(float x)
{
    for (int mask = 16; mask > 0; mask /= 2) {
        x += __shfl_xor_sync(0xffffffffu, x, mask);
    }
    return x;
}

static __device__ __forceinline__ float lanes_most(float x)
{
    for (int mask = 16; mask > 0; mask /= 2) {
        x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, mask));
    }
    return x;
}

/* A warp a row: p = softmax(score), ds = p (slope - sum p slope) scale; zeros
 * up to the pitch. */
template <typename T>
__global__ void __launch_bounds__(WARPS * 32)
attention_rows(attention_args v, uint32_t rows)
{
    uint32_t row = blockIdx.x * WARPS + threadIdx.x / 32;
    uint32_t lane = threadIdx.x % 32;
    size_t first = (size_t)row * v.pitch;
    const float *score = v.score + first, *slope = v.slope + first;
    T *chance = static_cast<T *>(v.chance) + first;
    T *chain = static_cast<T *>(v.chain) + first;
    float most = -HUGE_VALF, total = 0.0f, mean = 0.0f;

    if (row >= rows) {
        return;
    }
    for (uint32_t u = lane; u < v.tokens; u += 32) {
        most = fmaxf(most, score[u]);
    }
    most = lanes_most(most);
    for (uint32_t u = lane; u < v.tokens; u += 32) {
        float p = cedm_exp<T>(score[u] - most);

        total += p;
        mean = fmaf(p, slope[u], mean);
    }
    total = lanes_sum(total);
    mean = lanes_sum(mean) / total;
    for (uint32_t u = lane; u < v.pitch; u += 32) {
        float p = 0.0f, s = 0.0f;

        if (u < v.tokens) {
            p = cedm_exp<T>(score[u] - most) / total;
            s = p * (slope[u] - mean) * v.scale;
        }
        cedm_narrow(&chance[u], p);
        cedm_narrow(&chain[u], s);
    }
}

/* ---- products ---------------------------------------------------------- */

/* Part 0, 1 or 2 of q, k, v, and a map of one part. */
template <typename T>
static product_matrix token_matrix(const attention_args *v,
                                   unsigned char *map, uint32_t parts,
                                   uint32_t part)
{
    product_matrix x = {};

    x.data = (T *)map + (size_t)part * v->channels;
    x.row = parts * v->channels;
    x.image = (size_t)v->tokens * x.row;
    x.head = v->d;
    return x;
}

static product_matrix square_matrix(const attention_args *v, void *data)
{
    product_matrix x = {};

    x.data = data;
    x.row = v->pitch;
    x.head = (size_t)v->tokens * v->pitch;
    x.image = x.head * v->heads;
    return x;
}

template <typename T, typename C, bool A_ACROSS, bool B_ACROSS>
static int multiply(const train_cuda_exec *exec, const attention_args *v,
                    product_args p)
{
    const auto plain = product_plain<T, C, A_ACROSS, B_ACROSS>;
    dim3 grid(cedm_blocks(p.m, PRODUCT_TILE), cedm_blocks(p.n, PRODUCT_TILE),
              v->images * v->heads);

    p.heads = v->heads;
    p.overflow = v->overflow;
    if constexpr (sizeof(T) == 2) {
        const auto matrix = product_tensor<T, C, A_ACROSS, B_ACROSS>;

        if (v->d % 8 == 0) {
            return CEDM_LAUNCH(matrix, grid, TENSOR_THREADS, TENSOR_SHARED,
                               exec->base.stream, p);
        }
    }
    return CEDM_LAUNCH(plain, grid, PRODUCT_THREADS, product_plain_shared(),
                       exec->base.stream, p);
}

template <typename T>
static int run_group(const train_cuda_exec *exec, const attention_args *v)
{
    const auto rows = attention_rows<T>;
    uint32_t row_count = v->images * v->heads * v->tokens;
    product_matrix q = token_matrix<T>(v, v->src, 3, 0);
    product_matrix k = token_matrix<T>(v, v->src, 3, 1);
    product_matrix value = token_matrix<T>(v, v->src, 3, 2);
    product_matrix grad = token_matrix<T>(v, v->grad, 1, 0);
    product_matrix dq = token_matrix<T>(v, v->dst, 3, 0);
    product_matrix dk = token_matrix<T>(v, v->dst, 3, 1);
    product_matrix dv = token_matrix<T>(v, v->dst, 3, 2);
    product_matrix chance = square_matrix(v, v->chance);
    product_matrix chain = square_matrix(v, v->chain);
    uint32_t n = v->tokens, d = v->d;
    int error = multiply<T, float, false, false>(
        exec, v, {q, k, square_matrix(v, v->score), n, n, d, 0, NULL,
                  v->scale});

    if (error == 0) {
        error = multiply<T, float, false, false>(
            exec, v, {grad, value, square_matrix(v, v->slope), n, n, d, 0,
                      NULL, 1.0f});
    }
    if (error == 0) {
        error = CEDM_LAUNCH(rows, cedm_blocks(row_count, WARPS), WARPS * 32,
                            0, exec->base.stream, *v, row_count);
    }
    if (error == 0) {
        error = multiply<T, T, false, true>(
            exec, v, {chain, k, dq, n, d, n, 0, NULL, 1.0f});
    }
    if (error == 0) {
        error = multiply<T, T, true, true>(
            exec, v, {chain, q, dk, n, d, n, 0, NULL, 1.0f});
    }
    return error != 0 ? error
        : multiply<T, T, true, true>(
              exec, v, {chance, grad, dv, n, d, n, 0, NULL, 1.0f});
}

/* ---- groups of images -------------------------------------------------- */

static uint32_t pitch_of(const cg_attention_grad *op)
{
    return (op->tokens + 7) / 8 * 8;
}

/* Bytes of one image's scores, derivatives, p and ds. */
static uint64_t image_bytes(const cg_attention_grad *op, uint32_t element)
{
    return (uint64_t)op->heads * op->tokens * pitch_of(op) *
           (2 * sizeof(float) + 2 * element);
}

/* Images at a time: as many as the common workspace has place for. */
static uint32_t group_of(const cg_attention_grad *op, uint32_t element,
                         uint32_t batch)
{
    uint64_t fit = CEDM_CUDA_WORKSPACE_BYTES / image_bytes(op, element);
    uint64_t most = 65535 / op->heads; /* of a grid */

    fit = fit < most ? fit : most;
    return fit == 0 ? 1 : fit < batch ? (uint32_t)fit : batch;
}

uint64_t train_cuda_workspace_attention_grad(const cg_attention_grad *op,
                                  enum cedm_cuda_precision precision,
                                  uint32_t batch)
{
    uint32_t element = cedm_cuda_act_bytes(precision);

    return group_of(op, element, batch) * image_bytes(op, element);
}

template <typename T>
static int run(const train_cuda_exec *exec, const cg_attention_grad *op)
{
    uint32_t batch = exec->base.batch;
    uint32_t group = group_of(op, sizeof(T), batch);
    size_t map = (size_t)op->tokens * op->channels * sizeof(T);
    size_t square = (size_t)group * op->heads * op->tokens * pitch_of(op);
    attention_args v = {};
    int error = 0;

    v.tokens = op->tokens;
    v.channels = op->channels;
    v.heads = op->heads;
    v.d = op->channels / op->heads;
    v.pitch = pitch_of(op);
    v.scale = (float)(1.0 / sqrt((double)v.d));
    v.score = (float *)exec->base.workspace;
    v.slope = v.score + square;
    v.chance = v.slope + square;
    v.chain = (T *)v.chance + square;
    for (uint32_t i = 0; i < batch && error == 0; i += group) {
        uint32_t left = batch - i;

        v.images = left < group ? left : group;
        v.src = (unsigned char *)cedm_cuda_at(&exec->base, op->src) +
                i * 3 * map;
        v.grad = (unsigned char *)cedm_cuda_at(&exec->base, op->grad) +
                 i * map;
        v.dst = (unsigned char *)cedm_cuda_at(&exec->base, op->dst) +
                i * 3 * map;
        v.overflow = exec->base.overflow + i;
        error = run_group<T>(exec, &v);
    }
    return error;
}

extern "C" int train_cuda_attention_grad(const train_cuda_exec *exec,
                                         const cg_attention_grad *op)
{
    return CEDM_BY_PRECISION(&exec->base, run, exec, op);
}
