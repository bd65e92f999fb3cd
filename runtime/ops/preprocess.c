/* SPDX-License-Identifier: MIT
 *
 * preprocess.c - an 8-bit image as a network wants it, in plain C; every CPU
 * backend has this one.
 *
 * A task makes one image: rows are filtered to scratch, then columns.  Places
 * and weights are those of the blob, bounded, so that no blob makes it read
 * outside the image. */
#include "runtime/ops/ops.h"

#define FIXED_BITS 22

/* Where the taps of output o of an axis begin in a source of `size`. */
static uint32_t first_of(const float *row, uint32_t taps, uint32_t size)
{
    float last = (float)(size - taps);

    return row[0] > 0.0f ? (uint32_t)(row[0] < last ? row[0] : last) : 0;
}

/* A whole number, as weights and pixels are; 0 for what is none. */
static int64_t whole(float x)
{
    return x > -16777216.0f && x < 16777216.0f ? (int64_t)x : 0;
}

/* To 0..255; a NaN stays. */
static float clipped(float x)
{
    return x < 0.0f ? 0.0f : x > 255.0f ? 255.0f : x;
}

/* The sum over an axis, rounded to 8 bits. */
static float filter_fixed(const float *weight, uint32_t taps,
                          const float *src, size_t step)
{
    int64_t sum = (int64_t)1 << (FIXED_BITS - 1);

    for (uint32_t i = 0; i < taps; i++) {
        float pixel = src[i * step];

        if (pixel != pixel) {
            return pixel;
        }
        sum += whole(weight[i]) * whole(pixel);
    }
    return sum < 0 ? 0.0f : clipped((float)(sum >> FIXED_BITS));
}

static float filter(const cedm_preprocess *op, const float *weight,
                    uint32_t taps, const float *src, size_t step)
{
    float sum = 0.0f;

    if (op->fixed) {
        return filter_fixed(weight, taps, src, step);
    }
    for (uint32_t i = 0; i < taps; i++) {
        sum += weight[i] * src[i * step];
    }
    return sum;
}

/* Source row src to [width][channels]. */
static void filter_row(const cedm_preprocess *op, const float *across,
                       const float *src, float *dst)
{
    uint32_t taps = op->taps[1], channels = op->channels;

    for (uint32_t x = 0; x < op->width; x++, across += 1 + taps) {
        const float *from =
            src + (size_t)first_of(across, taps, op->in_width) * channels;

        for (uint32_t c = 0; c < channels; c++) {
            *dst++ = filter(op, across + 1, taps, from + c, channels);
        }
    }
}

/* Row `down` of the filtered rows, clipped and normalised. */
static void filter_column(const cedm_preprocess *op, const float *down,
                          const float *normal, const float *rows, float *dst)
{
    uint32_t taps = op->taps[0], channels = op->channels;
    size_t row = (size_t)op->width * channels;
    const float *from = rows + first_of(down, taps, op->in_height) * row;

    for (uint32_t x = 0; x < op->width; x++) {
        for (uint32_t c = 0; c < channels; c++) {
            float value = clipped(filter(op, down + 1, taps, from++, row));

            *dst++ = value * normal[c] + normal[channels + c];
        }
    }
}

static void preprocess_task(void *arg, uint32_t image, uint32_t worker)
{
    const cedm_call *call = arg;
    const cedm_exec *exec = call->exec;
    const cedm_preprocess *op = call->op;
    size_t in_row = (size_t)op->in_width * op->channels;
    size_t row = (size_t)op->width * op->channels;
    const float *src = cedm_at(exec, op->src, op->in_height * in_row, image);
    const float *down = exec->data + op->down;
    float *dst = cedm_at(exec, op->dst, op->height * row, image);
    float *rows = cedm_scratch(exec, worker);

    for (uint32_t y = 0; y < op->in_height; y++) {
        filter_row(op, exec->data + op->across, src + y * in_row,
                   rows + y * row);
    }
    for (uint32_t y = 0; y < op->height; y++, down += 1 + op->taps[0]) {
        filter_column(op, down, exec->data + op->normal, rows, dst + y * row);
    }
}

void cedm_op_preprocess(void *ctx, const cedm_preprocess *op)
{
    const cedm_exec *exec = ctx;

    cedm_run_tasks(exec, preprocess_task, op, exec->n);
}

void cedm_size_preprocess(void *ctx, const cedm_preprocess *op)
{
    cedm_need_scratch(ctx,
                      (uint64_t)op->in_height * op->width * op->channels);
}
