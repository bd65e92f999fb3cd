/* SPDX-License-Identifier: MIT
 *
 * ops.h - what the ops of a CPU backend share.
 *
 * For every op of CEDM_GRAPH_OPS and CEDM_SAMPLER_OPS this folder has one
 * function cedm_op_<name>, the plain C meaning of the op.  Together they are
 * the portable backend and the oracle that other backends are tested with;
 * a backend may put any of them in its own table.  For the graph ops there
 * is also cedm_size_<name>, the scratch that cedm_op_<name> needs.
 */
#ifndef CEDM_OPS_OPS_H
#define CEDM_OPS_OPS_H

#include "cedm_model.h"
#include "runtime/ieee.h"
#include "runtime/tasks.h"

#define CEDM_OP_DECLARE(name)                                                \
    void cedm_op_##name(void *ctx, const cedm_##name *op);
#define CEDM_SIZE_DECLARE(name)                                              \
    void cedm_size_##name(void *ctx, const cedm_##name *op);
#define CEDM_SAMPLER_OP_DECLARE(name)                                        \
    void cedm_op_##name(cedm_exec *exec, const cedm_##name *op);
CEDM_GRAPH_OPS(CEDM_OP_DECLARE)
CEDM_GRAPH_OPS(CEDM_SIZE_DECLARE)
CEDM_SAMPLER_OPS(CEDM_SAMPLER_OP_DECLARE)
#undef CEDM_OP_DECLARE
#undef CEDM_SIZE_DECLARE
#undef CEDM_SAMPLER_OP_DECLARE

/* Those of CEDM_SAMPLER_OPS, for every CPU backend. */
extern const cedm_sampler_ops cedm_sampler_plain;

/* ---- where things lie ------------------------------------------------- */

/* Image `image` of a tensor of `elements` floats. */
static inline float *cedm_at(const cedm_exec *exec, cedm_ref ref,
                             size_t elements, size_t image)
{
    float *segment = CEDM_REF_IS_F32(ref) ? exec->f32 : exec->act;

    return segment + (size_t)exec->batch * CEDM_REF_OFFSET(ref) +
           image * elements;
}

/* A tensor of the blob, NULL for CEDM_NONE. */
static inline const float *cedm_weights(const cedm_exec *exec,
                                        cedm_weight weight)
{
    return weight == CEDM_NONE ? NULL : exec->data + weight;
}

/* The scratch of one worker, aligned to CEDM_ALIGN. */
static inline float *cedm_scratch(const cedm_exec *exec, uint32_t worker)
{
    void *bytes = exec->scratch + worker * exec->scratch_stride;

    return bytes;
}

/* ---- tasks ------------------------------------------------------------ */

/* What a task is told, apart from its index and worker. */
typedef struct cedm_call {
    const cedm_exec *exec;
    const void *op;
} cedm_call;

/* Calls a task for 0..count-1, on the caller's threads if there are any. */
static inline void cedm_run_tasks(const cedm_exec *exec, cedm_task *task,
                                  const void *op, uint32_t count)
{
    cedm_call call = {exec, op};

    cedm_for_each(exec->workers > 1 ? exec->parallel_for : NULL, exec->pool,
                  task, &call, count);
}

/* ---- small arithmetic ------------------------------------------------- */

static inline uint32_t cedm_ceil_div(uint32_t a, uint32_t b)
{
    return a / b + (a % b != 0);
}

/* Whether tap i of output o meets the source of `size`, and where. */
static inline int cedm_source_of(const cedm_resample *op, uint32_t o,
                                 uint32_t i, uint32_t size, uint32_t *at)
{
    int64_t position;

    if (op->mode == CEDM_RESAMPLE_UP) {
        position = (int64_t)o + op->pad - i;
        if (position % 2 != 0) {
            return 0;
        }
        position /= 2;
    } else {
        int64_t step = op->mode == CEDM_RESAMPLE_DOWN ? 2 : 1;

        position = step * o - op->pad + i;
    }
    if (position < 0 || position >= size) {
        return 0;
    }
    *at = (uint32_t)position;
    return 1;
}

/* Channels of the map that a dst of `channels` channels is a part of. */
static inline uint32_t cedm_dst_stride(uint32_t dst_stride, uint32_t channels)
{
    return dst_stride == 0 ? channels : dst_stride;
}

/* Tokens of an image that one task makes. */
#define CEDM_TASK_TOKENS 16u

typedef struct cedm_token_range {
    uint32_t image, first, end;
} cedm_token_range;

/* The tokens of task `index`, of `tokens` an image. */
static inline cedm_token_range cedm_tokens_of(uint32_t index, uint32_t tokens)
{
    uint32_t blocks = cedm_ceil_div(tokens, CEDM_TASK_TOKENS);
    uint32_t first = index % blocks * CEDM_TASK_TOKENS, left = tokens - first;

    return (cedm_token_range){
        index / blocks, first,
        left < CEDM_TASK_TOKENS ? tokens : first + CEDM_TASK_TOKENS};
}

/* Calls a task for all tokens of all images. */
static inline void cedm_run_tokens(const cedm_exec *exec, cedm_task *task,
                                   const void *op, uint32_t tokens)
{
    cedm_run_tasks(exec, task, op,
                   exec->n * cedm_ceil_div(tokens, CEDM_TASK_TOKENS));
}

/* Raises the scratch of one worker to a number of floats. */
static inline void cedm_need_scratch(void *ctx, uint64_t floats)
{
    cedm_sizes *sizes = ctx;
    uint64_t bytes = CEDM_ALIGN_UP(floats * sizeof(float));

    if (bytes > sizes->scratch) {
        sizes->scratch = bytes;
    }
}

#endif
