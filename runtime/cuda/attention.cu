/* SPDX-License-Identifier: MIT
 *
 * attention.cu - which kernel makes an attention. */
#include "runtime/cuda/attention_matrix.cuh"
#include "runtime/cuda/attention_plain.cuh"
#include "runtime/cuda/kernels.h"

#define D_MAX 256u

template <typename T>
static int run_plain(const cedm_cuda_exec *exec, const cedm_attention_args *v)
{
    const auto kernel = attention_plain<T>;
    dim3 grid(cedm_blocks(v->tokens, ATTEND_QUERIES) * v->heads * exec->batch,
              cedm_blocks(v->d, ATTEND_WIDTH));

    return CEDM_LAUNCH(kernel, grid, ATTEND_THREADS, sizeof(attend_shared),
                       exec->stream, *v);
}

template <typename T, int D>
static int launch_matrix(const cedm_cuda_exec *exec,
                         const cedm_attention_args *v)
{
    const auto kernel = attention_matrix<T, D>;

    return CEDM_LAUNCH(kernel,
                       cedm_blocks(v->tokens, FLASH_TOKENS) * v->heads *
                           exec->batch,
                       FLASH_THREADS, 3 * FLASH_TOKENS * D * 2, exec->stream,
                       *v);
}

template <typename T>
static int run(const cedm_cuda_exec *exec, const cedm_attention_args *v)
{
    if (v->d % 8 != 0 || v->d > D_MAX) {
        return run_plain<T>(exec, v);
    }
    return v->d <= 64 ? launch_matrix<T, 64>(exec, v)
        : v->d <= 128 ? launch_matrix<T, 128>(exec, v)
                      : launch_matrix<T, 256>(exec, v);
}

template <>
int run<float>(const cedm_cuda_exec *exec, const cedm_attention_args *v)
{
    return run_plain<float>(exec, v);
}

extern "C" int cedm_cuda_attention(const cedm_cuda_exec *exec,
                                   const cedm_attention *op)
{
    cedm_attention_args v = {};

    v.src = cedm_cuda_at(exec, op->src);
    v.dst = cedm_cuda_at(exec, op->dst);
    v.overflow = exec->overflow;
    v.tokens = op->tokens;
    v.channels = op->channels;
    v.heads = op->heads;
    v.d = op->channels / op->heads;
    v.scale = (float)(1.0 / sqrt((double)v.d));
    return CEDM_BY_PRECISION(exec, run, exec, &v);
}

template <typename T> static int allow_shared()
{
    const auto middle = attention_matrix<T, 128>;
    const auto large = attention_matrix<T, 256>;
    int error = CEDM_ALLOW_SHARED(middle, 3 * FLASH_TOKENS * 128 * 2);

    return error != 0 ? error
        : CEDM_ALLOW_SHARED(large, 3 * FLASH_TOKENS * 256 * 2);
}

int cedm_cuda_attention_init()
{
    int error = allow_shared<__half>();

    return error != 0 ? error : allow_shared<__nv_bfloat16>();
}
