/* SPDX-License-Identifier: MIT
 *
 * conv_weight.c - the adjoint of a convolution by its weights: one output
 * channel a task, in double precision. */
#include <string.h>

#include "trainer/ops/training_ops.h"

/* Adds what one pixel of the gradient contributes. */
static void add_pixel(const cg_conv_weight *op, const float *src, double grad,
                      uint32_t y, uint32_t x, double *sums)
{
    for (uint32_t ky = 0; ky < op->kernel; ky++) {
        uint32_t row = y * op->stride + ky - op->pad; /* wraps below 0 */

        for (uint32_t kx = 0; kx < op->kernel; kx++) {
            uint32_t column = x * op->stride + kx - op->pad;
            const float *s =
                src + ((size_t)row * op->in_width + column) * op->cin;

            for (size_t c = 0;
                 row < op->in_height && column < op->in_width && c < op->cin;
                 c++) {
                sums[c] += grad * (double)s[c];
            }
            sums += op->cin;
        }
    }
}

static void weight_task(void *arg, uint32_t index, uint32_t worker)
{
    const cedm_call *call = arg;
    const cedm_exec *base = call->exec;
    const void *bytes = base;
    const train_exec *exec = bytes;
    const cg_conv_weight *op = call->op;
    size_t taps = (size_t)op->kernel * op->kernel, cin = op->cin;
    void *scratch = cedm_scratch(base, worker);
    double *sums = scratch;
    float *dst =
        exec->grads + op->weight + index * taps * op->row + op->first;

    memset(sums, 0, taps * cin * sizeof *sums);
    for (uint32_t image = 0; image < base->n; image++) {
        const float *src = cedm_at(
            base, op->src, (size_t)op->in_height * op->in_width * cin, image);
        const float *grad =
            cedm_at(base, op->grad, (size_t)op->height * op->width * op->cout,
                    image) +
            index;

        for (uint32_t p = 0; p < op->height * op->width; p++) {
            add_pixel(op, src, (double)grad[(size_t)p * op->cout],
                      p / op->width, p % op->width, sums);
        }
    }
    for (size_t t = 0; t < taps; t++) {
        for (size_t c = 0; c < cin; c++) {
            dst[t * op->row + c] +=
                (float)((double)op->scale * sums[t * cin + c]);
        }
    }
}

void train_op_conv_weight(train_exec *exec, const cg_conv_weight *op)
{
    cedm_run_tasks(&exec->base, weight_task, op, op->cout);
}

void train_size_conv_weight(cedm_sizes *sizes, const cg_conv_weight *op)
{
    cedm_need_scratch(sizes, 2 * (uint64_t)op->kernel * op->kernel * op->cin);
}
