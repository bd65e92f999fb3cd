/* SPDX-License-Identifier: MIT
 *
 * activate.c - an activated map, with dropout, maybe enlarged. */
#include <string.h>

#include "runtime/ops/act.h"
#include "trainer/ops/training_ops.h"

/* One pixel of both sources; factor is NULL without dropout. */
static void activate_pixel(const cg_activate *op, const float *const src[2],
                           size_t pixel, const float *a, const float *b,
                           const float *factor, float *dst)
{
    size_t first = op->channels[0], second = op->channels[1];

    cedm_act_pixel(dst, src[0] + pixel * first, a, b, first, op->act);
    if (second != 0) {
        cedm_act_pixel(dst + first, src[1] + pixel * second,
                       a == NULL ? NULL : a + first,
                       b == NULL ? NULL : b + first, second, op->act);
    }
    for (size_t c = 0; c < first + second && factor != NULL; c++) {
        dst[c] *= factor[c];
    }
}

/* Copies pixel x of a row of the source to its four places. */
static void enlarge(float *dst, size_t width, size_t x, size_t channels,
                    const float *pixel)
{
    size_t bytes = channels * sizeof *dst;

    memcpy(dst + 2 * x * channels, pixel, bytes);
    memcpy(dst + (2 * x + 1) * channels, pixel, bytes);
    memcpy(dst + (2 * width + 2 * x) * channels, pixel, bytes);
    memcpy(dst + (2 * width + 2 * x + 1) * channels, pixel, bytes);
}

/* A row of an image. */
static void activate_task(void *arg, uint32_t index, uint32_t worker)
{
    const cedm_call *call = arg;
    const cedm_exec *base = call->exec;
    const void *exec = base;
    const cg_activate *op = call->op;
    uint32_t image = index / op->height, y = index % op->height;
    size_t channels = op->channels[0] + op->channels[1], width = op->width;
    size_t pixels = op->height * width;
    bool drop = train_drops(exec, op->layer);
    const float *src[2] = {NULL, NULL}, *a = NULL, *b = NULL;
    float *factor = cedm_scratch(base, worker), *pixel = factor + channels;
    float *dst =
        cedm_at(base, op->dst, (pixels << (2 * op->up)) * channels, image);

    for (int s = 0; s < 2 && op->channels[s] != 0; s++) {
        src[s] = cedm_at(base, op->src[s], pixels * op->channels[s], image);
    }
    if (op->act != CEDM_ACT_NONE) {
        a = cedm_at(base, op->coeff, 2 * channels, image);
        b = a + channels;
    }
    dst += (y * width << (2 * op->up)) * channels;
    for (size_t x = 0; x < width; x++) {
        size_t at = y * width + x;

        if (drop) {
            train_dropout(exec, op->layer, image, (uint32_t)(at * channels),
                          (uint32_t)channels, factor);
        }
        activate_pixel(op, src, at, a, b, drop ? factor : NULL,
                       op->up ? pixel : dst + x * channels);
        if (op->up) {
            enlarge(dst, width, x, channels, pixel);
        }
    }
}

void train_op_activate(train_exec *exec, const cg_activate *op)
{
    cedm_run_tasks(&exec->base, activate_task, op, exec->base.n * op->height);
}

void train_size_activate(cedm_sizes *sizes, const cg_activate *op)
{
    cedm_need_scratch(sizes,
                      2 * ((uint64_t)op->channels[0] + op->channels[1]));
}
