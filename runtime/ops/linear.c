/* SPDX-License-Identifier: MIT
 *
 * linear.c - matrix times vector, for the vectors of all images at once so
 * that a row of weights is read once for a pair of them. */
#include "runtime/ops/act.h"
#include "runtime/ops/dots.h"
#include "runtime/ops/ops.h"

/* Outputs of one task: enough to be worth a thread's wake-up. */
#define OUTPUTS 64u

static void write_outputs(const cedm_exec *exec, const cedm_linear *op,
                          const cedm_dots *dots, uint32_t first,
                          uint32_t outputs, uint32_t image, uint32_t images)
{
    const float *bias = cedm_weights(exec, op->bias);

    for (uint32_t j = 0; j < images; j++) {
        float *dst = cedm_at(exec, op->dst, op->out, image + j);

        for (uint32_t i = 0; i < outputs; i++) {
            float sum = cedm_dots_total(dots, i, j);

            if (bias != NULL) {
                sum += bias[first + i];
            }
            dst[first + i] = cedm_act_plain(sum, op->act);
        }
    }
}

/* Four outputs (fewer at the end: the last row stands in) of all images. */
static void linear_rows(const cedm_exec *exec, const cedm_linear *op,
                        uint32_t first)
{
    uint32_t left = op->out - first;
    uint32_t outputs = left < CEDM_DOTS_X ? left : CEDM_DOTS_X;
    const float *row[CEDM_DOTS_X];

    for (uint32_t i = 0; i < CEDM_DOTS_X; i++) {
        uint32_t o = first + (i < outputs ? i : outputs - 1);

        row[i] = exec->data + op->weight + (size_t)o * op->in;
    }
    for (uint32_t image = 0; image < exec->n; image += CEDM_DOTS_W) {
        uint32_t images = exec->n - image < CEDM_DOTS_W ? 1 : CEDM_DOTS_W;
        const float *src[CEDM_DOTS_W] = {
            cedm_at(exec, op->src, op->in, image),
            cedm_at(exec, op->src, op->in, image + images - 1),
        };
        cedm_dots dots = {0};

        cedm_dots_run(&dots, row, src, op->in);
        write_outputs(exec, op, &dots, first, outputs, image, images);
    }
}

static void linear_task(void *arg, uint32_t index, uint32_t worker)
{
    const cedm_call *call = arg;
    const cedm_linear *op = call->op;
    uint32_t first = index * OUTPUTS;
    uint32_t end = op->out - first < OUTPUTS ? op->out : first + OUTPUTS;

    (void)worker;
    for (uint32_t o = first; o < end; o += CEDM_DOTS_X) {
        linear_rows(call->exec, op, o);
    }
}

void cedm_op_linear(void *ctx, const cedm_linear *op)
{
    cedm_run_tasks(ctx, linear_task, op, cedm_ceil_div(op->out, OUTPUTS));
}

void cedm_size_linear(void *ctx, const cedm_linear *op)
{
    (void)ctx;
    (void)op;
}
