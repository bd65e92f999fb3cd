/* SPDX-License-Identifier: MIT
 *
 * gate.c - the gate of a SwiGLU layer, sixteen channels at a time. */
#include "runtime/cpu/cpu.h"
#include "runtime/cpu/vec.h"

static void gate_token(const float *src, uint32_t channels, float *dst)
{
    const float *other = src + channels;
    uint32_t c = 0;

    for (; c + 16 <= channels; c += 16) {
        v16_store(dst + c,
                  v16_mul(v16_silu(v16_load(src + c)), v16_load(other + c)));
    }
    if (c < channels) {
        uint32_t n = channels - c;

        v16_store_part(dst + c,
                       v16_mul(v16_silu(v16_load_part(src + c, n)),
                               v16_load_part(other + c, n)),
                       n);
    }
}

static void gate_task(void *arg, uint32_t index, uint32_t worker)
{
    const cedm_call *call = arg;
    const cedm_exec *exec = call->exec;
    const cedm_gate *op = call->op;
    cedm_token_range range = cedm_tokens_of(index, op->tokens);
    size_t channels = op->channels, map = op->tokens * channels;
    const float *src = cedm_at(exec, op->src, 2 * map, range.image);
    float *dst = cedm_at(exec, op->dst, map, range.image);

    (void)worker;
    for (uint32_t t = range.first; t < range.end; t++) {
        gate_token(src + 2 * t * channels, op->channels, dst + t * channels);
    }
}

void CEDM_ISA_NAME(gate)(void *ctx, const cedm_gate *op)
{
    cedm_run_tokens(ctx, gate_task, op, op->tokens);
}
