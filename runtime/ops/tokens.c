/* SPDX-License-Identifier: MIT
 *
 * tokens.c - the tokens of a vision transformer, in plain C; every CPU
 * backend has this one, which waits for memory. */
#include <string.h>

#include "runtime/ops/ops.h"

static void tokens_task(void *arg, uint32_t index, uint32_t worker)
{
    const cedm_call *call = arg;
    const cedm_exec *exec = call->exec;
    const cedm_tokens *op = call->op;
    cedm_token_range range = cedm_tokens_of(index, op->tokens);
    size_t channels = op->channels;
    const float *src = cedm_at(
        exec, op->src, (op->tokens - op->first) * channels, range.image);
    float *dst = cedm_at(exec, op->dst, op->tokens * channels, range.image);

    (void)worker;
    for (uint32_t t = range.first; t < range.end; t++) {
        const float *table = exec->data + op->table + t * channels;

        if (t < op->first) {
            memcpy(dst + t * channels, table, channels * sizeof *dst);
            continue;
        }
        for (size_t c = 0; c < channels; c++) {
            dst[t * channels + c] =
                table[c] + src[(t - op->first) * channels + c];
        }
    }
}

void cedm_op_tokens(void *ctx, const cedm_tokens *op)
{
    cedm_run_tokens(ctx, tokens_task, op, op->tokens);
}

void cedm_size_tokens(void *ctx, const cedm_tokens *op)
{
    (void)ctx;
    (void)op;
}
