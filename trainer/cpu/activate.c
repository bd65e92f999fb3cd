/* SPDX-License-Identifier: MIT
 *
 * activate.c - an activated map, with dropout, maybe enlarged: a row of the
 * source a task. */
#include <string.h>

#include "runtime/cpu/stage.h"
#include "runtime/cpu/vec.h"
#include "trainer/cpu/train_cpu.h"

static void multiply(float *x, const float *factor, size_t n)
{
    size_t i = 0;

    for (; i + 16 <= n; i += 16) {
        v16_store(x + i, v16_mul(v16_load(x + i), v16_load(factor + i)));
    }
    for (; i < n; i++) {
        x[i] *= factor[i];
    }
}

/* Row `row` of [2 width] pixels from the first width pixels of `from`, and
 * the row below it. */
static void enlarge(float *row, const float *from, size_t width,
                    size_t channels)
{
    size_t bytes = channels * sizeof *row;

    for (size_t x = 0; x < width; x++) {
        memcpy(row + 2 * x * channels, from + x * channels, bytes);
        memcpy(row + (2 * x + 1) * channels, from + x * channels, bytes);
    }
    memcpy(row + 2 * width * channels, row, 2 * width * bytes);
}

static void activate_row(void *arg, uint32_t index, uint32_t worker)
{
    const cedm_call *call = arg;
    const cedm_exec *base = call->exec;
    const void *exec = base;
    const cg_activate *op = call->op;
    uint32_t image = index / op->height, y = index % op->height, first = 0;
    uint32_t channels = op->channels[0] + op->channels[1];
    size_t pixels = (size_t)op->height * op->width;
    size_t row = (size_t)op->width * channels;
    float *scratch = cedm_scratch(base, worker);
    float *dst =
        cedm_at(base, op->dst, (pixels << (2 * op->up)) * channels, image) +
        ((y * row) << (2 * op->up));
    float *to = op->up ? scratch : dst;
    const float *a = NULL;

    if (op->act != CEDM_ACT_NONE) {
        a = cedm_at(base, op->coeff, 2 * (size_t)channels, image);
    }
    for (int s = 0; s < 2 && op->channels[s] != 0; s++) {
        size_t own = op->channels[s];
        const float *src = cedm_at(base, op->src[s], pixels * own, image);

        CEDM_ISA_NAME(stage)
        (to + first, channels, src + y * op->width * own, op->width, own,
         a == NULL ? NULL : a + first,
         a == NULL ? NULL : a + channels + first, op->act);
        first += op->channels[s];
    }
    if (train_drops(exec, op->layer)) {
        float *factor = scratch + row;

        TRAIN_ISA_NAME(dropout)
        (exec, op->layer, image, (uint32_t)(y * row), (uint32_t)row, factor);
        multiply(to, factor, row);
    }
    if (op->up) {
        enlarge(dst, to, op->width, channels);
    }
}

void TRAIN_ISA_NAME(activate)(train_exec *exec, const cg_activate *op)
{
    cedm_run_tasks(&exec->base, activate_row, op, exec->base.n * op->height);
}
