/* SPDX-License-Identifier: MIT
 *
 * layer_norm.c - layer normalisation in plain C: mean, then squares around
 * it, in double precision, so that a mean far above the deviation costs
 * nothing. */
#include "runtime/ops/ops.h"

static void normalise(const cedm_layer_norm *op, const float *gamma,
                      const float *beta, const float *src, float *dst)
{
    double mean = 0.0, variance = 0.0, inverse;

    for (uint32_t c = 0; c < op->channels; c++) {
        mean += (double)src[c];
    }
    mean /= op->channels;
    for (uint32_t c = 0; c < op->channels; c++) {
        double d = (double)src[c] - mean;

        variance += d * d;
    }
    inverse = 1.0 / __builtin_sqrt(variance / op->channels + (double)op->eps);
    for (uint32_t c = 0; c < op->channels; c++) {
        dst[c] =
            (float)(((double)src[c] - mean) * inverse) * gamma[c] + beta[c];
    }
}

static void layer_norm_task(void *arg, uint32_t index, uint32_t worker)
{
    const cedm_call *call = arg;
    const cedm_exec *exec = call->exec;
    const cedm_layer_norm *op = call->op;
    cedm_token_range range = cedm_tokens_of(index, op->tokens);
    size_t channels = op->channels, map = op->tokens * channels;
    const float *src = cedm_at(exec, op->src, map, range.image);
    float *dst = cedm_at(exec, op->dst, map, range.image);

    (void)worker;
    for (uint32_t t = range.first; t < range.end; t++) {
        normalise(op, exec->data + op->gamma, exec->data + op->beta,
                  src + t * channels, dst + t * channels);
    }
}

void cedm_op_layer_norm(void *ctx, const cedm_layer_norm *op)
{
    cedm_run_tokens(ctx, layer_norm_task, op, op->tokens);
}

void cedm_size_layer_norm(void *ctx, const cedm_layer_norm *op)
{
    (void)ctx;
    (void)op;
}
