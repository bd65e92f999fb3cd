/* SPDX-License-Identifier: MIT
 *
 * tokens.c - the tokens of a vision transformer, in plain C; every CPU
 * backend has this one, which waits for memory. */
#include <string.h>

#include "runtime/ops/ops.h"

/* Tokens of one task. */
#define TOKENS 64u

static void tokens_task(void *arg, uint32_t index, uint32_t worker)
{
    const cedm_call *call = arg;
    const cedm_exec *exec = call->exec;
    const cedm_tokens *op = call->op;
    uint32_t blocks = cedm_ceil_div(op->tokens, TOKENS);
    uint32_t image = index / blocks, t = index % blocks * TOKENS;
    uint32_t end = op->tokens - t < TOKENS ? op->tokens : t + TOKENS;
    size_t channels = op->channels;
    const float *src =
        cedm_at(exec, op->src, (op->tokens - op->first) * channels, image);
    float *dst = cedm_at(exec, op->dst, op->tokens * channels, image);

    (void)worker;
    for (; t < end; t++) {
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
    const cedm_exec *exec = ctx;

    cedm_run_tasks(exec, tokens_task, op,
                   exec->n * cedm_ceil_div(op->tokens, TOKENS));
}

void cedm_size_tokens(void *ctx, const cedm_tokens *op)
{
    (void)ctx;
    (void)op;
}
