/* SPDX-License-Identifier: MIT
 *
 * resample.c - resampling with any separable filter, slow and general.
 *
 * An output row is made in two passes: the taps of the source's rows are
 * added up in scratch, then the taps along that row.  Taps go in ascending
 * order in both. */
#include <string.h>

#include "runtime/ops/act.h"
#include "runtime/ops/ops.h"

/* row = sum of taps of act(src) down the columns; `pixel` is scratch. */
static void filter_columns(const cedm_resample *op, const float *filter,
                           const float *src, const float *a, uint32_t y,
                           float *row, float *pixel)
{
    size_t channels = op->channels, width = op->in_width;
    const float *b = a == NULL ? NULL : a + channels;

    memset(row, 0, width * channels * sizeof *row);
    for (uint32_t i = 0; i < op->taps; i++) {
        uint32_t from;

        if (!cedm_source_of(op, y, i, op->in_height, &from)) {
            continue;
        }
        for (size_t x = 0; x < width; x++) {
            cedm_act_pixel(pixel, src + (from * width + x) * channels, a, b,
                           channels, op->act);
            for (size_t c = 0; c < channels; c++) {
                row[x * channels + c] += filter[i] * pixel[c];
            }
        }
    }
}

static void filter_row(const cedm_resample *op, const float *filter,
                       const float *row, float *dst)
{
    size_t channels = op->channels;

    memset(dst, 0, op->width * channels * sizeof *dst);
    for (uint32_t x = 0; x < op->width; x++, dst += channels) {
        for (uint32_t i = 0; i < op->taps; i++) {
            uint32_t from;

            if (!cedm_source_of(op, x, i, op->in_width, &from)) {
                continue;
            }
            for (size_t c = 0; c < channels; c++) {
                dst[c] += filter[i] * row[from * channels + c];
            }
        }
    }
}

static void resample_task(void *arg, uint32_t index, uint32_t worker)
{
    const cedm_call *call = arg;
    const cedm_exec *exec = call->exec;
    const cedm_resample *op = call->op;
    uint32_t image = index / op->height, y = index % op->height;
    size_t channels = op->channels;
    size_t in_row = op->in_width * channels, row = op->width * channels;
    const float *src = cedm_at(exec, op->src, op->in_height * in_row, image);
    float *dst = cedm_at(exec, op->dst, op->height * row, image);
    float *scratch = cedm_scratch(exec, worker);
    const float *a = NULL;
    float filter[CEDM_MAX_TAPS];

    if (op->act != CEDM_ACT_NONE) {
        a = cedm_at(exec, op->coeff, 2 * channels, image);
    }
    for (uint32_t i = 0; i < op->taps; i++) {
        float gain = op->mode == CEDM_RESAMPLE_UP ? 2.0f : 1.0f;

        filter[i] = gain * exec->data[op->filter + i];
    }
    filter_columns(op, filter, src, a, y, scratch, scratch + in_row);
    filter_row(op, filter, scratch, dst + y * row);
}

void cedm_op_resample(void *ctx, const cedm_resample *op)
{
    const cedm_exec *exec = ctx;

    cedm_run_tasks(exec, resample_task, op, exec->n * op->height);
}

void cedm_size_resample(void *ctx, const cedm_resample *op)
{
    cedm_need_scratch(ctx, ((uint64_t)op->in_width + 1) * op->channels);
}
