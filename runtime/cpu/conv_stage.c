/* SPDX-License-Identifier: MIT
 *
 * conv_stage.c - what a direct convolution reads, made ready in scratch: the
 * source rows of a strip, activated, both sources side by side, zeros
 * around. */
#include <string.h>

#include "runtime/cpu/conv.h"
#include "runtime/cpu/stage.h"
#include "runtime/cpu/vec.h"

/* Some channels of pixels `stride` words apart, from channel `first` on. */
static void stage_channels(const cedm_conv_plan *plan, float *dst,
                           size_t stride, const float *src, size_t pixels,
                           size_t channels, size_t first, const float *a,
                           const float *b, uint32_t act)
{
    if (a != NULL) {
        a += first;
        b += first;
    }
    if (CEDM_PAIRS && plan->paired) {
        CEDM_ISA_NAME(stage_pairs)
        (dst + first / 2, stride, src, pixels, channels, a, b, act);
        return;
    }
    CEDM_ISA_NAME(stage)
    (dst + first, stride, src, pixels, channels, a, b, act);
}

static void stage_source(const cedm_conv_strip *s, uint32_t image, float *dst)
{
    const cedm_conv *op = s->job->op;
    const cedm_conv_plan *plan = &s->job->plan;
    uint32_t cin = plan->cin;
    uint32_t top = op->up ? 1 : op->pad[0], left = op->up ? 1 : op->pad[1];
    uint32_t columns = (uint32_t)(plan->pitch / cin);
    uint32_t rows =
        op->up ? s->rows + 2 : (s->rows - 1) * op->stride + op->kernel[0];
    uint32_t from = op->up ? s->row : s->row * op->stride;
    uint32_t right =
        columns > left + op->in_width ? columns - left - op->in_width : 0;
    uint32_t inside = columns - left - right;
    const float *a = NULL, *b = NULL;

    if (op->act != CEDM_ACT_NONE) {
        uint32_t channels = op->cin[0] + op->cin[1];

        a = cedm_at(s->exec, op->coeff, 2 * (size_t)channels, image);
        b = a + channels;
    }
    for (uint32_t r = from; r < from + rows; r++, dst += plan->pitch) {
        uint32_t channel = 0;

        if (r < top || r - top >= op->in_height) {
            memset(dst, 0, plan->pitch * sizeof *dst);
            continue;
        }
        memset(dst, 0, (size_t)left * cin * sizeof *dst);
        for (int i = 0; i < 2 && op->cin[i] != 0; i++) {
            size_t row = (size_t)op->in_width * op->cin[i];
            const float *src =
                cedm_at(s->exec, op->src[i], op->in_height * row, image);

            stage_channels(plan, dst + (size_t)left * cin, cin,
                           src + (r - top) * row, inside, op->cin[i], channel,
                           a, b, op->act);
            channel += op->cin[i];
        }
        memset(dst + (size_t)(columns - right) * cin, 0,
               (size_t)right * cin * sizeof *dst);
    }
}

/* First row of the skip's maps that a strip reads. */
static uint32_t skip_row(const cedm_conv_strip *s)
{
    const cedm_conv *op = s->job->op;

    return (s->row << op->up) >> op->skip_up;
}

/* A copy, for dst may lie over a skip source. */
static void stage_skip(const cedm_conv_strip *s, uint32_t image, float *dst)
{
    const cedm_conv *op = s->job->op;
    const cedm_conv_plan *plan = &s->job->plan;
    uint32_t channel = 0;
    uint32_t width = op->width >> op->skip_up;
    uint32_t height = op->height >> op->skip_up;
    uint32_t first = skip_row(s);
    uint32_t last = (((s->row + s->rows) << op->up) - 1) >> op->skip_up;

    for (int i = 0; i < 2 && op->skip_cin[i] != 0; i++) {
        size_t row = (size_t)width * op->skip_cin[i];
        const float *src =
            cedm_at(s->exec, op->skip_src[i], height * row, image);

        stage_channels(plan, dst, plan->skip_cin, src + first * row,
                       (size_t)(last + 1 - first) * width, op->skip_cin[i],
                       channel, NULL, NULL, CEDM_ACT_NONE);
        channel += op->skip_cin[i];
    }
}

void CEDM_ISA_NAME(conv_stage)(const cedm_conv_strip *s, uint32_t i)
{
    const cedm_conv_plan *plan = &s->job->plan;

    stage_source(s, s->image + i, s->source + i * plan->source);
    if (plan->skip_cin != 0) {
        stage_skip(s, s->image + i, s->skip + i * plan->skip);
    }
}

/* ---- where pixels are -------------------------------------------------- */

/* first, first + step, ...; returns the end. */
static uint32_t *count_up(uint32_t *at, uint32_t count, uint32_t first,
                          uint32_t step)
{
    for (uint32_t i = 0; i < count; i++) {
        at[i] = first + i * step;
    }
    return at + count;
}

void CEDM_ISA_NAME(conv_tabulate)(const cedm_conv_strip *s)
{
    const cedm_conv *op = s->job->op;
    const cedm_conv_plan *plan = &s->job->plan;
    uint32_t up = op->up, stride = up ? 1 : op->stride;
    uint32_t skip_cin = plan->skip_cin, skip_width = op->width >> op->skip_up;
    uint32_t *source_at = s->source_at, *skip_at = s->skip_at;
    uint32_t *dst_at = s->dst_at;
    uint32_t dst_stride = cedm_dst_stride(op->dst_stride, op->cout);

    count_up(s->sums_at, CEDM_BLOCK, 0, CEDM_PANEL);
    for (uint32_t y = 0; y < s->rows; y++) {
        source_at = count_up(source_at, plan->width,
                             (uint32_t)(y * stride * plan->pitch),
                             stride * plan->cin);
        dst_at =
            count_up(dst_at, plan->width, (y << up) * op->width * dst_stride,
                     dst_stride << up);
        if (skip_cin != 0) {
            uint32_t row =
                (((s->row + y) << up) >> op->skip_up) - skip_row(s);

            for (uint32_t x = 0; x < plan->width; x++) {
                *skip_at++ = (row * skip_width + ((x << up) >> op->skip_up)) *
                             skip_cin;
            }
        }
    }
}
