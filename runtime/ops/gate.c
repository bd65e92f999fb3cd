/* SPDX-License-Identifier: MIT
 *
 * gate.c - the gate of a SwiGLU layer, in plain C. */
#include "runtime/ops/act.h"
#include "runtime/ops/ops.h"

/* Some channels of a token: n of them, at most CEDM_LANES. */
static void gate_lanes(const float *src, uint32_t channels, float *dst,
                       size_t n)
{
    cedm_lanes a = cedm_lanes_load_part(src, n);
    cedm_lanes b = cedm_lanes_load_part(src + channels, n);

    cedm_lanes_store_part(dst, cedm_silu(a) * b, n);
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
        for (uint32_t c = 0; c < op->channels; c += CEDM_LANES) {
            uint32_t left = op->channels - c;

            gate_lanes(src + 2 * t * channels + c, op->channels,
                       dst + t * channels + c,
                       left < CEDM_LANES ? left : CEDM_LANES);
        }
    }
}

void cedm_op_gate(void *ctx, const cedm_gate *op)
{
    cedm_run_tokens(ctx, gate_task, op, op->tokens);
}

void cedm_size_gate(void *ctx, const cedm_gate *op)
{
    (void)ctx;
    (void)op;
}
