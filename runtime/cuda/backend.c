/* SPDX-License-Identifier: MIT
 *
 * backend.c - a generated model's list of calls as work on a stream.
 *
 * The first op that fails ends the list: its code stays in the exec. */
#include "runtime/cuda/cuda_net.h"

/* A convolution that is a plain product leaves statistics and flags to a
 * kernel. */
static int conv(const cedm_cuda_exec *exec, const cedm_conv *op)
{
    int code;

    if (!cedm_cuda_gemm_suits_conv(op)) {
        return cedm_cuda_conv(exec, op);
    }
    code = cedm_cuda_gemm_conv(exec, op);
    return code != 0 ? code : cedm_cuda_conv_finish(exec, op);
}

static int linear(const cedm_cuda_exec *exec, const cedm_linear *op)
{
    return cedm_cuda_gemm_suits_linear(op) ? cedm_cuda_gemm_linear(exec, op)
                                           : cedm_cuda_linear(exec, op);
}

#define RUN(name, function)                                                  \
    static void run_##name(void *ctx, const cedm_##name *op)                 \
    {                                                                        \
        cedm_cuda_exec *exec = ctx;                                          \
                                                                             \
        if (exec->error == 0) {                                              \
            exec->error = function(exec, op);                                \
            exec->failed = #name;                                            \
        }                                                                    \
    }
RUN(embed, cedm_cuda_embed)
RUN(linear, linear)
RUN(norm_coeff, cedm_cuda_norm_coeff)
RUN(conv, conv)
RUN(resample, cedm_cuda_resample)
RUN(attention, cedm_cuda_attention)
RUN(preprocess, cedm_cuda_preprocess)
RUN(tokens, cedm_cuda_tokens)
RUN(layer_norm, cedm_cuda_layer_norm)
RUN(gate, cedm_cuda_gate)
RUN(pool, cedm_cuda_pool)
#undef RUN

#define RUN(name) .name = run_##name,
const cedm_ops cedm_cuda_run = {CEDM_GRAPH_OPS(RUN)};
#undef RUN
