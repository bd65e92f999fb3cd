/* SPDX-License-Identifier: MIT
 *
 * plan.c - what is decided before a network runs: how a convolution is
 * cut up, and how large everything is. */
#include "runtime/cpu/cpu.h"
#include "runtime/cpu/winograd.h"

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
    size_t source_rows =
        op->up ? (size_t)rows + 2
               : (size_t)(rows - 1) * op->stride + op->kernel[0];
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
    plan->kernel[0] = op->up ? 2 : op->kernel[0];
    plan->kernel[1] = op->up ? 2 : op->kernel[1];
    plan->k = plan->kernel[0] * plan->kernel[1] * plan->cin;
    plan->narrow = op->cout <= CEDM_NARROW && plan->cin % CEDM_PANEL == 0 &&
                   !op->up && plan->skip_cin == 0;
    plan->weights =
        plan->narrow
            ? (size_t)op->cout * plan->k
            : (size_t)cedm_packed(op->cout, (size_t)plan->phases * plan->k);
    plan->height = op->height >> op->up;
    plan->width = op->width >> op->up;
    columns = op->up ? plan->width + 2
                     : (plan->width - 1) * op->stride + op->kernel[1];
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
                    3 * whole_lines(pixels) +
                    CEDM_BLOCK * (CEDM_PANELS_TOGETHER * CEDM_PANEL + 1);
}

void cedm_cpu_plan_pairs(cedm_conv_plan *plan, const cedm_conv *op)
{
    uint32_t channels = op->cin[0] | op->cin[1] | op->skip_cin[0] |
                        op->skip_cin[1] | op->cout;

    if (channels % CEDM_PANEL != 0) {
        return;
    }
    plan->paired = 1;
    plan->cin /= 2;
    plan->skip_cin /= 2;
    plan->k /= 2;
    plan->weights /= 2;
    plan->pitch /= 2;
    plan->source = whole_lines(plan->source / 2);
    plan->skip = whole_lines(plan->skip / 2);
}

/* ---- sizes ------------------------------------------------------------- */

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
    return direct.weights;
}

static uint64_t conv_floats(const cedm_conv *op)
{
    uint64_t skip_cin = (uint64_t)op->skip_cin[0] + op->skip_cin[1];

    return kernel_floats(op) + cedm_packed(op->cout, skip_cin + 1);
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

/* What a pair of bfloat16 saves: half of the kernel and of the skip. */
static uint64_t saved_floats(const cedm_conv *op)
{
    cedm_conv_plan plan;

    cedm_cpu_plan_conv(&plan, op);
    cedm_cpu_plan_pairs(&plan, op);
    if (!plan.paired || cedm_cpu_is_winograd(op)) {
        return 0;
    }
    return plan.weights + cedm_packed(op->cout, plan.skip_cin);
}

static uint64_t linear_floats(const cedm_linear *op)
{
    return cedm_packed(op->out, (uint64_t)op->in + 1);
}

static void add_weights(void *ctx, uint64_t floats)
{
    cedm_sizes *sizes = ctx;

    sizes->weights += CEDM_ALIGN_UP(floats * sizeof(float));
}

static void size_conv(void *ctx, const cedm_conv *op)
{
    add_weights(ctx, conv_floats(op));
    cedm_need_scratch(ctx, conv_scratch(op));
}

static void size_conv_pairs(void *ctx, const cedm_conv *op)
{
    add_weights(ctx, conv_floats(op) - saved_floats(op));
    cedm_need_scratch(ctx, conv_scratch(op));
}

static void size_linear(void *ctx, const cedm_linear *op)
{
    add_weights(ctx, linear_floats(op));
}

/* A packed block of keys, later of values; scores; sums; largest, total and
 * three offsets of every query. */
static void size_attention(void *ctx, const cedm_attention *op)
{
    uint32_t d = op->channels / op->heads;
    uint64_t columns = cedm_packed(d, 1);

    cedm_need_scratch(ctx, CEDM_KEYS * columns + CEDM_QUERIES * CEDM_KEYS +
                               CEDM_QUERIES * columns + 5 * CEDM_QUERIES);
}

/* A filtered row and an activated one. */
static void size_resample(void *ctx, const cedm_resample *op)
{
    cedm_need_scratch(ctx, 2 * (uint64_t)op->in_width * op->channels);
}

/* What the portable functions need, and over it what the sets' own do. */
#pragma GCC diagnostic ignored "-Woverride-init"
#define SIZE(name) .name = cedm_size_##name,
#define SIZES                                                                \
    CEDM_GRAPH_OPS(SIZE).linear = size_linear, .resample = size_resample,    \
    .attention = size_attention

const cedm_ops cedm_cpu_sizes = {SIZES, .conv = size_conv};
const cedm_ops cedm_cpu_sizes_pairs = {SIZES, .conv = size_conv_pairs};
