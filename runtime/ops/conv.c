/* SPDX-License-Identifier: MIT
 *
 * conv.c - convolution with everything around it, in plain C.
 *
 * A task makes a block of output rows of one image.  The source rows that a
 * kernel covers are staged in scratch: activated, both sources side by side,
 * enlarged, zeros around.  Then the kernel's taps of one row are one
 * contiguous run, as they are in the weights, for every option alike.
 *
 * Order of additions of one output: the runs of kernel rows 0, 1, 2 and of
 * the skip as dots.h says; then (bias + emb + skip_bias), then the residual,
 * then times scale; last is post. */
#include <string.h>

#include "runtime/ops/act.h"
#include "runtime/ops/dots.h"
#include "runtime/ops/ops.h"
#include "runtime/ops/post.h"

/* Rows of a task that leaves no statistics.  (A larger block stages fewer
 * rows twice, a smaller one feeds more threads.) */
#define BLOCK_ROWS 4u

/* Channels whose sums a task keeps on its stack at a time. */
#define STAT_CHANNELS 64u

/* One image's view of an op. */
typedef struct conv_image {
    const cedm_exec *exec;
    const cedm_conv *op;
    const float *src[2], *skip_src[2];
    const float *a, *b; /* of act */
    const float *emb, *residual;
    float *dst;
    float *ring; /* [kernel][row]: staged source rows */
    float *skip; /* [width][skip_cin] */
    uint32_t cin, skip_cin;
    size_t row; /* floats of a staged row */
} conv_image;

static uint32_t staged_columns(const cedm_conv *op)
{
    return (op->width - 1) * op->stride + op->kernel[1];
}

static uint32_t block_rows(const cedm_conv *op)
{
    return op->stats != CEDM_NONE ? op->stat_rows : BLOCK_ROWS;
}

static const float *map_at(const cedm_exec *exec, cedm_ref ref,
                           uint32_t height, uint32_t width, uint32_t channels,
                           uint32_t image)
{
    return cedm_at(exec, ref, (size_t)height * width * channels, image);
}

static void view_image(conv_image *v, const cedm_exec *exec,
                       const cedm_conv *op, uint32_t image, float *scratch)
{
    *v = (conv_image){.exec = exec, .op = op};
    v->cin = op->cin[0] + op->cin[1];
    v->skip_cin = op->skip_cin[0] + op->skip_cin[1];
    v->row = (size_t)staged_columns(op) * v->cin;
    v->ring = scratch;
    v->skip = scratch + op->kernel[0] * v->row;
    for (int s = 0; s < 2; s++) {
        if (op->cin[s] != 0) {
            v->src[s] = map_at(exec, op->src[s], op->in_height, op->in_width,
                               op->cin[s], image);
        }
        if (op->skip_cin[s] != 0) {
            v->skip_src[s] =
                map_at(exec, op->skip_src[s], op->height >> op->skip_up,
                       op->width >> op->skip_up, op->skip_cin[s], image);
        }
    }
    if (op->act != CEDM_ACT_NONE) {
        v->a = cedm_at(exec, op->coeff, 2 * (size_t)v->cin, image);
        v->b = v->a + v->cin;
    }
    if (op->emb_src != CEDM_NONE) {
        v->emb =
            cedm_at(exec, op->emb_src, op->emb_stride, image) + op->emb_index;
    }
    if (op->residual != CEDM_NONE) {
        v->residual = map_at(exec, op->residual, op->height, op->width,
                             op->cout, image);
    }
    v->dst = cedm_at(exec, op->dst,
                     (size_t)op->height * op->width *
                         cedm_dst_stride(op->dst_stride, op->cout),
                     image) +
             op->dst_index;
}

/* Stages row r of the padded, enlarged source; r counts from the padding. */
static void stage_row(const conv_image *v, uint32_t r)
{
    const cedm_conv *op = v->op;
    float *dst = v->ring + (r % op->kernel[0]) * v->row;
    uint32_t height = op->in_height << op->up;
    uint32_t width = op->in_width << op->up;
    uint32_t columns = staged_columns(op);

    if (r < op->pad[0] || r - op->pad[0] >= height) {
        memset(dst, 0, v->row * sizeof *dst);
        return;
    }
    for (uint32_t x = 0; x < columns; x++, dst += v->cin) {
        size_t pixel;

        if (x < op->pad[1] || x - op->pad[1] >= width) {
            memset(dst, 0, v->cin * sizeof *dst);
            continue;
        }
        if (op->up && x > op->pad[1] && (x - op->pad[1]) % 2 == 1) {
            memcpy(dst, dst - v->cin, v->cin * sizeof *dst);
            continue;
        }
        pixel = (size_t)((r - op->pad[0]) >> op->up) * op->in_width +
                ((x - op->pad[1]) >> op->up);
        cedm_act_pixel(dst, v->src[0] + pixel * op->cin[0], v->a, v->b,
                       op->cin[0], op->act);
        if (op->cin[1] != 0) {
            const float *a = v->a == NULL ? NULL : v->a + op->cin[0];
            const float *b = v->b == NULL ? NULL : v->b + op->cin[0];

            cedm_act_pixel(dst + op->cin[0], v->src[1] + pixel * op->cin[1],
                           a, b, op->cin[1], op->act);
        }
    }
}

/* Copies the skip's sources of output row y: dst may lie over them. */
static void stage_skip(const conv_image *v, uint32_t y)
{
    const cedm_conv *op = v->op;
    size_t width = op->width >> op->skip_up;
    float *dst = v->skip;

    for (uint32_t x = 0; x < op->width; x++) {
        size_t pixel = (y >> op->skip_up) * width + (x >> op->skip_up);

        for (int s = 0; s < 2; s++) {
            size_t n = op->skip_cin[s];

            if (n != 0) {
                memcpy(dst, v->skip_src[s] + pixel * n, n * sizeof *dst);
                dst += n;
            }
        }
    }
}

/* The sums of up to 4 pixels x.. and 2 output channels co.. of row y; where
 * there are fewer, the last one stands in. */
static void sum_tile(const conv_image *v, cedm_dots *dots, uint32_t y,
                     uint32_t x, uint32_t co)
{
    const cedm_conv *op = v->op;
    size_t run = (size_t)op->kernel[1] * v->cin;
    uint32_t last_x = op->width - 1, last_co = op->cout - 1;
    const float *p[CEDM_DOTS_X], *w[CEDM_DOTS_W];
    uint32_t column[CEDM_DOTS_X], channel[CEDM_DOTS_W];

    for (uint32_t i = 0; i < CEDM_DOTS_X; i++) {
        column[i] = x + i < last_x ? x + i : last_x;
    }
    for (uint32_t j = 0; j < CEDM_DOTS_W; j++) {
        channel[j] = co + j < last_co ? co + j : last_co;
    }
    for (uint32_t ky = 0; ky < op->kernel[0]; ky++) {
        uint32_t r = y * op->stride + ky;
        const float *row = v->ring + (r % op->kernel[0]) * v->row;
        const float *weight = v->exec->data + op->weight;

        for (int i = 0; i < CEDM_DOTS_X; i++) {
            p[i] = row + (size_t)column[i] * op->stride * v->cin;
        }
        for (int j = 0; j < CEDM_DOTS_W; j++) {
            w[j] = weight + ((size_t)channel[j] * op->kernel[0] + ky) * run;
        }
        cedm_dots_run(dots, p, w, run);
    }
    if (v->skip_cin != 0) {
        const float *weight = v->exec->data + op->skip_weight;

        for (int i = 0; i < CEDM_DOTS_X; i++) {
            p[i] = v->skip + (size_t)column[i] * v->skip_cin;
        }
        for (int j = 0; j < CEDM_DOTS_W; j++) {
            w[j] = weight + (size_t)channel[j] * v->skip_cin;
        }
        cedm_dots_run(dots, p, w, v->skip_cin);
    }
}

/* What is added to every pixel of an output channel. */
static float shift_of(const conv_image *v, uint32_t co)
{
    const float *bias = cedm_weights(v->exec, v->op->bias);
    const float *skip_bias =
        v->skip_cin == 0 ? NULL : cedm_weights(v->exec, v->op->skip_bias);
    float shift = bias == NULL ? 0.0f : bias[co];

    if (v->emb != NULL) {
        shift += v->emb[co];
    }
    return skip_bias == NULL ? shift : shift + skip_bias[co];
}

static void write_tile(const conv_image *v, const cedm_dots *dots, uint32_t y,
                       uint32_t x, uint32_t co)
{
    const cedm_conv *op = v->op;
    size_t stride = cedm_dst_stride(op->dst_stride, op->cout);

    for (uint32_t j = 0; j < CEDM_DOTS_W && co + j < op->cout; j++) {
        float shift = shift_of(v, co + j);

        for (uint32_t i = 0; i < CEDM_DOTS_X && x + i < op->width; i++) {
            size_t pixel = (size_t)y * op->width + x + i;
            float sum = cedm_dots_total(dots, i, j) + shift;

            if (v->residual != NULL) {
                sum += v->residual[pixel * op->cout + co + j];
            }
            v->dst[pixel * stride + co + j] =
                cedm_post(sum * op->scale, op->post);
        }
    }
}

/* Mean and M2 of the channels of a run of pixels, in two passes. */
static void write_stats(const float *map, size_t pixels, uint32_t channels,
                        float *mean, float *m2)
{
    for (uint32_t first = 0; first < channels; first += STAT_CHANNELS) {
        uint32_t left = channels - first;
        uint32_t n = left < STAT_CHANNELS ? left : STAT_CHANNELS;
        double sum[STAT_CHANNELS] = {0}, squares[STAT_CHANNELS] = {0};

        for (size_t p = 0; p < pixels; p++) {
            for (uint32_t c = 0; c < n; c++) {
                sum[c] += (double)map[p * channels + first + c];
            }
        }
        for (uint32_t c = 0; c < n; c++) {
            sum[c] /= (double)pixels;
        }
        for (size_t p = 0; p < pixels; p++) {
            for (uint32_t c = 0; c < n; c++) {
                double d = (double)map[p * channels + first + c] - sum[c];

                squares[c] += d * d;
            }
        }
        for (uint32_t c = 0; c < n; c++) {
            mean[first + c] = (float)sum[c];
            m2[first + c] = (float)squares[c];
        }
    }
}

static void conv_task(void *arg, uint32_t index, uint32_t worker)
{
    const cedm_call *call = arg;
    const cedm_exec *exec = call->exec;
    const cedm_conv *op = call->op;
    uint32_t rows = block_rows(op);
    uint32_t blocks = cedm_ceil_div(op->height, rows);
    uint32_t image = index / blocks, block = index % blocks;
    uint32_t first = block * rows;
    uint32_t end = op->height - first < rows ? op->height : first + rows;
    uint32_t staged = first * op->stride;
    conv_image v;

    view_image(&v, exec, op, image, cedm_scratch(exec, worker));
    for (uint32_t y = first; y < end; y++) {
        for (; staged < y * op->stride + op->kernel[0]; staged++) {
            stage_row(&v, staged);
        }
        if (v.skip_cin != 0) {
            stage_skip(&v, y);
        }
        for (uint32_t co = 0; co < op->cout; co += CEDM_DOTS_W) {
            for (uint32_t x = 0; x < op->width; x += CEDM_DOTS_X) {
                cedm_dots dots = {0};

                sum_tile(&v, &dots, y, x, co);
                write_tile(&v, &dots, y, x, co);
            }
        }
    }
    if (op->stats != CEDM_NONE) {
        size_t pair = 2 * (size_t)op->cout;
        float *stats =
            cedm_at(exec, op->stats, blocks * pair, image) + block * pair;

        write_stats(v.dst + (size_t)first * op->width * op->cout,
                    (size_t)(end - first) * op->width, op->cout, stats,
                    stats + op->cout);
    }
}

void cedm_op_conv(void *ctx, const cedm_conv *op)
{
    const cedm_exec *exec = ctx;
    uint32_t blocks = cedm_ceil_div(op->height, block_rows(op));

    cedm_run_tasks(exec, conv_task, op, exec->n * blocks);
}

void cedm_size_conv(void *ctx, const cedm_conv *op)
{
    uint64_t cin = (uint64_t)op->cin[0] + op->cin[1];
    uint64_t skip_cin = (uint64_t)op->skip_cin[0] + op->skip_cin[1];

    cedm_need_scratch(ctx,
                      (uint64_t)op->kernel[0] * staged_columns(op) * cin +
                          op->width * skip_cin);
}
