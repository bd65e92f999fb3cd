/* SPDX-License-Identifier: MIT
 *
 * pool.c - the largest value or the mean of windows, in plain C.
 *
 * A mean is a sum over rows, then columns of the window, times one over how
 * many of its pixels lie inside the map. */
#include "runtime/ops/ops.h"

/* Pixels first .. end-1 of the source along an axis that output o sees. */
static void window(const cedm_pool *op, uint32_t o, uint32_t size,
                   uint32_t *first, uint32_t *end)
{
    uint32_t from = o * op->stride;

    if (op->kernel == 0) {
        *first = 0;
        *end = size;
        return;
    }
    *first = from > op->pad ? from - op->pad : 0;
    *end = from + op->kernel > op->pad ? from + op->kernel - op->pad : 0;
    *end = *end < size ? *end : size;
}

static float larger(float x, float y)
{
    return x > y || x != x ? x : y; /* a NaN stays */
}

/* One channel of a window of rows y0 .. y1-1 and columns x0 .. x1-1. */
static float pooled(const cedm_pool *op, const float *src, uint32_t y0,
                    uint32_t y1, uint32_t x0, uint32_t x1)
{
    size_t row = (size_t)op->in_width * op->channels;
    float value = op->mode == CEDM_POOL_MAX
                      ? src[y0 * row + (size_t)x0 * op->channels]
                      : 0.0f;

    for (uint32_t y = y0; y < y1; y++) {
        for (uint32_t x = x0; x < x1; x++) {
            float next = src[y * row + (size_t)x * op->channels];

            value = op->mode == CEDM_POOL_MAX ? larger(value, next)
                                              : value + next;
        }
    }
    if (op->mode == CEDM_POOL_MEAN) {
        value *= 1.0f / ((float)(y1 - y0) * (float)(x1 - x0));
    }
    return value;
}

/* A row of outputs. */
static void pool_task(void *arg, uint32_t index, uint32_t worker)
{
    const cedm_call *call = arg;
    const cedm_exec *exec = call->exec;
    const cedm_pool *op = call->op;
    uint32_t image = index / op->height, y = index % op->height;
    size_t stride = cedm_dst_stride(op->dst_stride, op->channels);
    size_t map = (size_t)op->in_height * op->in_width * op->channels;
    const float *src = cedm_at(exec, op->src, map, image);
    float *dst =
        cedm_at(exec, op->dst, op->height * op->width * stride, image) +
        y * op->width * stride + op->dst_index;
    uint32_t y0, y1, x0, x1;

    (void)worker;
    window(op, y, op->in_height, &y0, &y1);
    for (uint32_t x = 0; x < op->width; x++, dst += stride) {
        window(op, x, op->in_width, &x0, &x1);
        for (uint32_t c = 0; c < op->channels; c++) {
            dst[c] = pooled(op, src + c, y0, y1, x0, x1);
        }
    }
}

void cedm_op_pool(void *ctx, const cedm_pool *op)
{
    const cedm_exec *exec = ctx;

    cedm_run_tasks(exec, pool_task, op, exec->n * op->height);
}

void cedm_size_pool(void *ctx, const cedm_pool *op)
{
    (void)ctx;
    (void)op;
}
