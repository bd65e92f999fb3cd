/* SPDX-License-Identifier: MIT
 *
 * prepare.c - what is decided and made before a network runs: how a
 * convolution is cut up, how large everything is, and the packed weights.
 *
 * `sizes` and `prepare` walk the ops alike, so a part is exactly as long as
 * it was counted.  Sums of weights are made in double precision and rounded
 * once.  A panel's missing output channels have zero weights. */
#include <string.h>

#include "cpu/cpu.h"
#include "cpu/winograd.h"

/* Floats of staged sources that a task may hold, unless one row needs more:
 * with a panel of weights they fit a second-level cache of 512 KiB. */
#define STAGE_FLOATS 98304u

/* Pixels of a strip: their offsets are tabulated in scratch. */
#define STRIP_PIXELS 1024u

/* Pixels that pay for fetching a panel of weights from afar. */
#define GROUP_PIXELS 192u

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static size_t whole_lines(size_t floats)
{
    return (floats + 15) & ~(size_t)15;
}

/* ---- cutting up a convolution ------------------------------------------ */

/* Floats staged for `rows` rows of a pass. */
static void stage_sizes(cedm_conv_plan *plan, const cedm_conv *op,
                        uint32_t rows)
{
    size_t source_rows = op->up ? (size_t)rows + 2
                                : (size_t)(rows - 1) * op->stride +
                                      op->kernel;
    size_t skip_rows = (size_t)rows << op->up;
    size_t skip_width = op->width >> op->skip_up;

    if (op->skip_up) {
        skip_rows = skip_rows / 2 + 1;
    }
    plan->source = whole_lines(source_rows * plan->pitch);
    plan->skip = whole_lines(skip_rows * skip_width * plan->skip_cin);
}

static int strip_fits(cedm_conv_plan *plan, const cedm_conv *op,
                      uint32_t rows)
{
    stage_sizes(plan, op, rows);
    return (uint64_t)rows * plan->width <= STRIP_PIXELS &&
           plan->source + plan->skip <= STAGE_FLOATS;
}

/* Rows of passes such that whole partial statistics are made. */
static uint32_t stat_align(const cedm_conv *op, uint32_t height)
{
    uint32_t rows = op->stat_rows;

    if (op->stats == CEDM_NONE) {
        return 1;
    }
    if (op->up && rows % 2 == 0) {
        rows /= 2;
    }
    return smaller(rows, height);
}

static void plan_rows(cedm_conv_plan *plan, const cedm_conv *op)
{
    uint32_t rows = 1;

    while (rows < plan->height && strip_fits(plan, op, rows + 1)) {
        rows++;
    }
    plan->task_rows = plan->height;
    if (rows < plan->height && rows >= plan->align) {
        rows -= rows % plan->align;
        plan->task_rows = rows;
    } else if (rows < plan->height) {
        plan->task_rows = plan->align;
        rows = cedm_ceil_div(plan->align, cedm_ceil_div(plan->align, rows));
    }
    plan->rows = rows;
    stage_sizes(plan, op, rows);
}

void cedm_cpu_plan_conv(cedm_conv_plan *plan, const cedm_conv *op)
{
    uint32_t columns, pixels, fit;

    *plan = (cedm_conv_plan){0};
    plan->cin = op->cin[0] + op->cin[1];
    plan->skip_cin = op->skip_cin[0] + op->skip_cin[1];
    plan->panels = cedm_panels(op->cout);
    plan->phases = op->up ? 4 : 1;
    plan->kernel = op->up ? 2 : op->kernel;
    plan->k = plan->kernel * plan->kernel * plan->cin;
    plan->height = op->height >> op->up;
    plan->width = op->width >> op->up;
    columns = op->up ? plan->width + 2
                     : (plan->width - 1) * op->stride + op->kernel;
    plan->pitch = (size_t)columns * plan->cin;
    plan->align = stat_align(op, plan->height);
    plan_rows(plan, op);
    pixels = plan->rows * plan->width;
    plan->images = 1;
    if (plan->rows == plan->height && pixels < GROUP_PIXELS) {
        fit = (uint32_t)(STAGE_FLOATS / (plan->source + plan->skip));
        plan->images = smaller(GROUP_PIXELS / pixels, fit > 1 ? fit : 1);
    }
    plan->scratch = plan->images * (plan->source + plan->skip) +
                    3 * whole_lines(pixels) + CEDM_BLOCK * (CEDM_PANEL + 1);
}

/* ---- sizes ------------------------------------------------------------- */

/* Floats of a packed matrix. */
static uint64_t packed(uint64_t outputs, uint64_t k)
{
    return cedm_panels((uint32_t)outputs) * k * CEDM_PANEL;
}

/* The kernel, in the form that the op's algorithm wants. */
static uint64_t kernel_floats(const cedm_conv *op)
{
    cedm_winograd_plan winograd;
    cedm_conv_plan direct;

    if (cedm_cpu_is_winograd(op)) {
        cedm_cpu_plan_winograd(&winograd, op);
        return cedm_cpu_winograd_floats(&winograd);
    }
    cedm_cpu_plan_conv(&direct, op);
    return packed(op->cout, (uint64_t)direct.phases * direct.k);
}

static uint64_t conv_floats(const cedm_conv *op)
{
    uint64_t skip_cin = (uint64_t)op->skip_cin[0] + op->skip_cin[1];

    return kernel_floats(op) + packed(op->cout, skip_cin + 1);
}

static uint64_t conv_scratch(const cedm_conv *op)
{
    cedm_winograd_plan winograd;
    cedm_conv_plan direct;

    if (cedm_cpu_is_winograd(op)) {
        cedm_cpu_plan_winograd(&winograd, op);
        return winograd.scratch;
    }
    cedm_cpu_plan_conv(&direct, op);
    return direct.scratch;
}

static uint64_t linear_floats(const cedm_linear *op)
{
    return packed(op->out, (uint64_t)op->in + 1);
}

static void count(void *ctx, uint64_t floats)
{
    cedm_sizes *sizes = ctx;

    sizes->weights += CEDM_ALIGN_UP(floats * sizeof(float));
}

static void size_conv(void *ctx, const cedm_conv *op)
{
    count(ctx, conv_floats(op));
    cedm_need_scratch(ctx, conv_scratch(op));
}

static void size_linear(void *ctx, const cedm_linear *op)
{
    count(ctx, linear_floats(op));
}

/* A packed block of keys, later of values; scores; sums; largest, total and
 * three offsets of every query. */
static void size_attention(void *ctx, const cedm_attention *op)
{
    uint64_t d = op->channels / op->heads;
    uint64_t columns = packed(d, 1);

    cedm_need_scratch(ctx, CEDM_KEYS * columns + CEDM_QUERIES * CEDM_KEYS +
                               CEDM_QUERIES * columns + 5 * CEDM_QUERIES);
}

/* A filtered row and an activated one. */
static void size_resample(void *ctx, const cedm_resample *op)
{
    cedm_need_scratch(ctx, 2 * (uint64_t)op->in_width * op->channels);
}

const cedm_ops cedm_cpu_sizes = {
    .embed = cedm_size_embed,
    .linear = size_linear,
    .norm_coeff = cedm_size_norm_coeff,
    .conv = size_conv,
    .resample = size_resample,
    .attention = size_attention,
};

/* ---- packing ----------------------------------------------------------- */

/* Begins the part of an op; rounding up leaves defined bytes. */
static float *begin_part(void *ctx, uint32_t id, uint64_t floats)
{
    cedm_prepare_ctx *prepare = ctx;
    uint64_t bytes = CEDM_ALIGN_UP(floats * sizeof(float));
    void *weights = prepare->weights, *part = prepare->weights +
                                              prepare->used;
    uint32_t *index = weights;

    index[id] = (uint32_t)(prepare->used / CEDM_ALIGN);
    prepare->used += bytes;
    memset(part, 0, (size_t)bytes);
    return part;
}

/* [outputs][k] to [panel][k][CEDM_PANEL]; returns the end. */
static float *pack(float *dst, const float *src, uint32_t outputs,
                   uint32_t k)
{
    for (uint32_t o = 0; o < outputs; o++) {
        float *column = dst + (size_t)(o / CEDM_PANEL) * k * CEDM_PANEL +
                        o % CEDM_PANEL;

        for (uint32_t i = 0; i < k; i++) {
            column[(size_t)i * CEDM_PANEL] = src[(size_t)o * k + i];
        }
    }
    return dst + packed(outputs, k);
}

/* The sum of the 3x3 taps that meet tap (r, s) of a phase: along an axis
 * phase 0 sees source rows -1, 0, 0 and phase 1 sees 0, 0, 1. */
static double phase_tap(const float *taps, uint32_t cin, uint32_t phase,
                        uint32_t tap)
{
    uint32_t from[2], to[2];
    double sum = 0.0;

    for (uint32_t axis = 0; axis < 2; axis++) {
        uint32_t p = axis == 0 ? phase / 2 : phase % 2;
        uint32_t t = axis == 0 ? tap / 2 : tap % 2;

        from[axis] = t == 0 ? 0 : 1 + p;
        to[axis] = t == 0 ? 1 + p : 3;
    }
    for (uint32_t y = from[0]; y < to[0]; y++) {
        for (uint32_t x = from[1]; x < to[1]; x++) {
            sum += (double)taps[(size_t)(y * 3 + x) * cin];
        }
    }
    return sum;
}

static float *pack_phases(float *dst, const float *src, uint32_t outputs,
                          uint32_t cin)
{
    size_t k = 4 * (size_t)cin;

    for (uint32_t phase = 0; phase < 4; phase++) {
        for (uint32_t o = 0; o < outputs; o++) {
            const float *taps = src + (size_t)o * 9 * cin;
            float *column = dst + (o / CEDM_PANEL) * k * CEDM_PANEL +
                            o % CEDM_PANEL;

            for (size_t i = 0; i < k; i++) {
                column[i * CEDM_PANEL] =
                    (float)phase_tap(taps + i % cin, cin, phase,
                                     (uint32_t)(i / cin));
            }
        }
        dst += packed(outputs, k);
    }
    return dst;
}

/* first + second, either CEDM_NONE for zero. */
static void pack_bias(float *dst, const float *data, cedm_weight first,
                      cedm_weight second, uint32_t outputs)
{
    for (uint32_t o = 0; o < outputs; o++) {
        double sum = first == CEDM_NONE ? 0.0 : (double)data[first + o];

        if (second != CEDM_NONE) {
            sum += (double)data[second + o];
        }
        dst[o] = (float)sum;
    }
}

static float *pack_kernel(float *dst, const float *taps, const cedm_conv *op)
{
    uint32_t cin = op->cin[0] + op->cin[1];
    cedm_winograd_plan plan;

    if (cedm_cpu_is_winograd(op)) {
        cedm_cpu_plan_winograd(&plan, op);
        return cedm_cpu_pack_winograd(dst, &plan, taps);
    }
    if (op->up) {
        return pack_phases(dst, taps, op->cout, cin);
    }
    return pack(dst, taps, op->cout, op->kernel * op->kernel * cin);
}

static void prepare_conv(void *ctx, const cedm_conv *op)
{
    const cedm_prepare_ctx *prepare = ctx;
    const float *data = prepare->data;
    uint32_t skip_cin = op->skip_cin[0] + op->skip_cin[1];
    float *dst = begin_part(ctx, op->id, conv_floats(op));

    dst = pack_kernel(dst, data + op->weight, op);
    if (skip_cin != 0) {
        dst = pack(dst, data + op->skip_weight, op->cout, skip_cin);
    }
    pack_bias(dst, data, op->bias,
              skip_cin != 0 ? op->skip_bias : CEDM_NONE, op->cout);
}

static void prepare_linear(void *ctx, const cedm_linear *op)
{
    const cedm_prepare_ctx *prepare = ctx;
    const float *data = prepare->data;
    float *dst = begin_part(ctx, op->id, linear_floats(op));

    dst = pack(dst, data + op->weight, op->out, op->in);
    pack_bias(dst, data, op->bias, CEDM_NONE, op->out);
}

static void no_embed(void *ctx, const cedm_embed *op)
{
    begin_part(ctx, op->id, 0);
}

static void no_norm_coeff(void *ctx, const cedm_norm_coeff *op)
{
    begin_part(ctx, op->id, 0);
}

static void no_resample(void *ctx, const cedm_resample *op)
{
    begin_part(ctx, op->id, 0);
}

static void no_attention(void *ctx, const cedm_attention *op)
{
    begin_part(ctx, op->id, 0);
}

const cedm_ops cedm_cpu_prepare = {
    .embed = no_embed,
    .linear = prepare_linear,
    .norm_coeff = no_norm_coeff,
    .conv = prepare_conv,
    .resample = no_resample,
    .attention = no_attention,
};
