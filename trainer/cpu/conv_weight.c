/* SPDX-License-Identifier: MIT
 *
 * conv_weight.c - weight gradients as matrix products over pixels.
 *
 * A task makes the weights between some source channels and some panels of
 * output channels, over all images in order.  It stages the source channels
 * as planes with their padding, so that the pixels that meet a tap are runs
 * of the plane, and packs a panel of the gradient of a block of rows.  Then
 * the micro-kernel's rows are (channel, tap), its K is the pixels.
 *
 * A block's sums start from zero and are added to the total at its end: one
 * order, and short chains. */
#include <string.h>

#include "runtime/cpu/tile.h"
#include "runtime/ops/lanes.h"
#include "trainer/cpu/train_cpu.h"

typedef struct weight_job {
    const cg_conv_weight *op;
    train_weight_plan plan;
    uint32_t first, images, height, width, in_height, in_width;
} weight_job;

/* What a worker holds. */
typedef struct weight_task {
    const weight_job *job;
    uint32_t first, channels; /* of the source */
    uint32_t panel, panels;
    float *planes, *packed, *total;
    uint32_t *plane_at, *total_at; /* of the rows of a tile */
} weight_task;

static void view(weight_task *t, const weight_job *job, uint32_t index,
                 float *scratch)
{
    const train_weight_plan *plan = &job->plan;
    uint32_t panels = cedm_panels(job->op->cout), left;
    size_t planes = (plan->chunk * plan->plane + 15) & ~(size_t)15;
    void *table;

    t->job = job;
    t->first = index / plan->groups * plan->chunk;
    left = job->op->cin - t->first;
    t->channels = left < plan->chunk ? left : plan->chunk;
    t->panel = index % plan->groups * plan->panels;
    left = panels - t->panel;
    t->panels = left < plan->panels ? left : plan->panels;
    t->planes = scratch;
    t->packed = t->planes + planes;
    t->total = t->packed + (size_t)plan->block * job->width * CEDM_PANEL;
    table = t->total + (size_t)plan->panels * plan->rows * CEDM_PANEL;
    t->plane_at = table;
    t->total_at = t->plane_at + plan->rows;
    memset(t->planes, 0, planes * sizeof(float));
    memset(t->total, 0,
           (size_t)plan->panels * plan->rows * CEDM_PANEL * sizeof(float));
    for (uint32_t i = 0; i < t->channels * plan->taps; i++) {
        uint32_t tap = i % plan->taps;

        t->plane_at[i] = (uint32_t)(i / plan->taps * plan->plane +
                                    tap / job->op->kernel * plan->pitch +
                                    tap % job->op->kernel);
        t->total_at[i] = i * CEDM_PANEL;
    }
}

/* Four channels of four pixels. */
CEDM_INLINE void transpose4(float *dst, size_t plane, const float *src,
                            size_t cin)
{
    cedm_lanes a = cedm_lanes_load(src), b = cedm_lanes_load(src + cin);
    cedm_lanes c = cedm_lanes_load(src + 2 * cin);
    cedm_lanes d = cedm_lanes_load(src + 3 * cin);
    cedm_lanes ab = __builtin_shufflevector(a, b, 0, 4, 1, 5);
    cedm_lanes cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);

    cedm_lanes_store(dst, __builtin_shufflevector(ab, cd, 0, 1, 4, 5));
    cedm_lanes_store(dst + plane,
                     __builtin_shufflevector(ab, cd, 2, 3, 6, 7));
    ab = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    cd = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    cedm_lanes_store(dst + 2 * plane,
                     __builtin_shufflevector(ab, cd, 0, 1, 4, 5));
    cedm_lanes_store(dst + 3 * plane,
                     __builtin_shufflevector(ab, cd, 2, 3, 6, 7));
}

/* channels of n pixels as lines of n, `plane` apart. */
static void transpose(float *dst, size_t plane, const float *src, size_t cin,
                      size_t channels, size_t n)
{
    size_t x = 0;

    for (; x + 4 <= n; x += 4) {
        size_t c = 0;

        for (; c + 4 <= channels; c += 4) {
            transpose4(dst + c * plane + x, plane, src + x * cin + c, cin);
        }
        for (; c < channels; c++) {
            for (size_t i = 0; i < 4; i++) {
                dst[c * plane + x + i] = src[(x + i) * cin + c];
            }
        }
    }
    for (; x < n; x++) {
        for (size_t c = 0; c < channels; c++) {
            dst[c * plane + x] = src[x * cin + c];
        }
    }
}

/* An image's channels as planes; the padding stays zero. */
static void stage_planes(const weight_task *t, const float *src)
{
    const weight_job *job = t->job;
    const train_weight_plan *plan = &job->plan;
    size_t cin = job->op->cin, pad = job->op->pad;

    for (size_t y = 0; y < job->in_height; y++) {
        const float *row = src + y * job->in_width * cin + t->first;
        float *dst = t->planes + (y + pad) * plan->pitch + pad;

        transpose(dst, plan->plane, row, cin, t->channels, job->in_width);
    }
}

/* Panel p of `pixels` pixels of the gradient, zeros after its channels. */
static void pack_panel(const weight_task *t, const float *grad, size_t pixels,
                       uint32_t p)
{
    size_t cout = t->job->op->cout, first = (size_t)p * CEDM_PANEL;
    size_t columns = cout - first < CEDM_PANEL ? cout - first : CEDM_PANEL;

    grad += first;
    for (size_t i = 0; i < pixels; i++, grad += cout) {
        v16 x = columns == CEDM_PANEL ? v16_load(grad)
                                      : v16_load_part(grad, columns);

        v16_store(t->packed + i * CEDM_PANEL, x);
    }
}

static void add_image(const weight_task *t, const float *grad)
{
    static const float zeros[CEDM_PANEL];
    const weight_job *job = t->job;
    const train_weight_plan *plan = &job->plan;
    size_t panel_floats = (size_t)plan->rows * CEDM_PANEL;

    for (uint32_t y = 0; y < job->height; y += plan->block) {
        uint32_t left = job->height - y;
        uint32_t rows = left < plan->block ? left : plan->block;
        cedm_tile tile = {.a = t->planes + y * plan->pitch,
                          .a_at = t->plane_at,
                          .b = t->packed,
                          .runs = rows,
                          .length = job->width,
                          .step = plan->pitch,
                          .panels = 1,
                          .init = zeros,
                          .out_at = t->total_at,
                          .scale = 1.0f};

        for (uint32_t p = 0; p < t->panels; p++) {
            pack_panel(t, grad + (size_t)y * job->width * job->op->cout,
                       (size_t)rows * job->width, t->panel + p);
            tile.out = t->total + p * panel_floats;
            tile.add = tile.out;
            CEDM_ISA_NAME(tile)(&tile, t->channels * plan->taps);
        }
    }
}

/* Adds the totals to the gradient of the weight. */
static void store(const weight_task *t, float *weight)
{
    const cg_conv_weight *op = t->job->op;
    const train_weight_plan *plan = &t->job->plan;

    for (uint32_t p = 0; p < t->panels; p++) {
        const float *total = t->total + (size_t)p * plan->rows * CEDM_PANEL;

        for (uint32_t k = 0; k < CEDM_PANEL; k++) {
            size_t o = (size_t)(t->panel + p) * CEDM_PANEL + k;
            float *dst =
                weight + o * plan->taps * op->row + op->first + t->first;

            for (size_t i = 0;
                 o < op->cout && i < (size_t)t->channels * plan->taps; i++) {
                dst[i % plan->taps * op->row + i / plan->taps] +=
                    op->scale * total[i * CEDM_PANEL + k];
            }
        }
    }
}

static void weight_run(void *arg, uint32_t index, uint32_t worker)
{
    const cedm_call *call = arg;
    const cedm_exec *base = call->exec;
    const void *bytes = base;
    const train_exec *exec = bytes;
    const weight_job *job = call->op;
    const cg_conv_weight *op = job->op;
    size_t in = (size_t)op->in_height * op->in_width * op->cin;
    size_t out = (size_t)op->height * op->width * op->cout;
    weight_task t;

    view(&t, job, index, cedm_scratch(base, worker));
    for (uint32_t image = 0; image < job->images; image++) {
        stage_planes(&t, cedm_at(base, op->src, in, job->first + image));
        add_image(&t, cedm_at(base, op->grad, out, job->first + image));
    }
    store(&t, exec->grads + op->weight);
}

/* A linear layer's images follow each other: they are the pixels of one map,
 * as many at a time as the scratch was made for. */
static void linear(train_exec *exec, const cg_conv_weight *op)
{
    uint32_t n = exec->base.n;

    for (uint32_t first = 0; first < n; first += TRAIN_LINEAR_PIXELS) {
        uint32_t left = n - first;
        uint32_t some =
            left < TRAIN_LINEAR_PIXELS ? left : TRAIN_LINEAR_PIXELS;
        weight_job job = {.op = op,
                          .first = first,
                          .images = 1,
                          .height = 1,
                          .width = some,
                          .in_height = 1,
                          .in_width = some};

        train_plan_weight(&job.plan, op, some);
        cedm_run_tasks(&exec->base, weight_run, &job,
                       job.plan.chunks * job.plan.groups);
    }
}

void TRAIN_ISA_NAME(conv_weight)(train_exec *exec, const cg_conv_weight *op)
{
    weight_job job = {.op = op,
                      .images = exec->base.n,
                      .height = op->height,
                      .width = op->width,
                      .in_height = op->in_height,
                      .in_width = op->in_width};
    train_tiles_plan tiles;

    if (train_plan_tiles(&tiles, op)) {
        TRAIN_ISA_NAME(conv_weight_tiles)(exec, op, &tiles);
        return;
    }
    if (!train_weight_is_dense(op)) {
        train_op_conv_weight(exec, op);
        return;
    }
    if (op->in_height == 1 && op->in_width == 1) {
        linear(exec, op);
        return;
    }
    train_plan_weight(&job.plan, op, 0);
    cedm_run_tasks(&exec->base, weight_run, &job,
                   job.plan.chunks * job.plan.groups);
}
