/* SPDX-License-Identifier: MIT
 *
 * gate.c - the gate of a SwiGLU layer, in plain C. */
#include "runtime/ops/act.h"
#include "runtime/ops/ops.h"

/* Tokens of one task. */
#define TOKENS 16u

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
    uint32_t blocks = cedm_ceil_div(op->tokens, TOKENS);
    uint32_t image = index / blocks, t = index % blocks * TOKENS;
    uint32_t end = op->tokens - t < TOKENS ? op->tokens : t + TOKENS;
    size_t channels = op->channels, map = op->tokens * channels;
    const float *src = cedm_at(exec, op->src, 2 * map, image);
    float *dst = cedm_at(exec, op->dst, map, image);

    (void)worker;
    for (; t < end; t++) {
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
    const cedm_exec *exec = ctx;

    cedm_run_tasks(exec, gate_task, op,
                   exec->n * cedm_ceil_div(op->tokens, TOKENS));
}

void cedm_size_gate(void *ctx, const cedm_gate *op)
{
    (void)ctx;
    (void)op;
}
