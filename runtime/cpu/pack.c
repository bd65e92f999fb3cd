/* SPDX-License-Identifier: MIT
 *
 * pack.c - the packed weights, made once before a network runs.
 *
 * A task fills one panel, so that what nobody touched yet is touched by all
 * threads.  Sums of weights are made in double precision and rounded once.
 * A panel's missing output channels have zero weights. */
#include <string.h>

#include "runtime/cpu/cpu.h"
#include "runtime/cpu/winograd.h"

/* A matrix to pack: [outputs][k], or 3x3 taps [outputs][9][cin]. */
typedef struct pack_job {
    float *dst;
    const float *src;
    uint32_t outputs, k, paired;
    const cedm_winograd_plan *plan; /* of transformed taps */
} pack_job;

static float *begin_part(cedm_prepare_ctx *prepare, uint32_t id)
{
    void *weights = prepare->weights,
         *part = prepare->weights + prepare->used;
    uint32_t *index = weights;

    index[id] = (uint32_t)(prepare->used / CEDM_ALIGN);
    return part;
}

/* Rounding up leaves defined bytes. */
static void end_part(cedm_prepare_ctx *prepare, const float *end)
{
    uint64_t used = (uint64_t)((const unsigned char *)end - prepare->weights);

    prepare->used = CEDM_ALIGN_UP(used);
    memset(prepare->weights + used, 0, (size_t)(prepare->used - used));
}

static void run(const cedm_prepare_ctx *prepare, cedm_task *task,
                pack_job *job)
{
    cedm_for_each(prepare->parallel_for, prepare->pool, task, job,
                  cedm_panels(job->outputs));
}

static uint32_t columns_of(const pack_job *job, uint32_t panel)
{
    uint32_t left = job->outputs - panel * CEDM_PANEL;

    return left < CEDM_PANEL ? left : CEDM_PANEL;
}

/* ---- rows of a panel --------------------------------------------------- */

/* To nearest even; a NaN stays one. */
static uint16_t bf16(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    if ((bits & 0x7fffffffu) > 0x7f800000u) {
        return (uint16_t)(bits >> 16 | 0x40u);
    }
    return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

static size_t panel_floats(const pack_job *job)
{
    return (size_t)job->k * CEDM_PANEL >> job->paired;
}

/* Row k, or its half of the pairs of two rows. */
static void put_row(const pack_job *job, float *panel, size_t k,
                    const float row[CEDM_PANEL])
{
    void *pairs = panel + k / 2 * CEDM_PANEL;
    uint16_t *half = pairs;

    if (!job->paired) {
        memcpy(panel + k * CEDM_PANEL, row, CEDM_PANEL * sizeof *row);
        return;
    }
    for (size_t c = 0; c < CEDM_PANEL; c++) {
        half[2 * c + k % 2] = bf16(row[c]);
    }
}

/* ---- matrices ---------------------------------------------------------- */

/* To [panel][k][CEDM_PANEL]. */
static void pack_task(void *arg, uint32_t panel, uint32_t worker)
{
    const pack_job *job = arg;
    size_t k = job->k, columns = columns_of(job, panel);
    const float *src = job->src + panel * k * CEDM_PANEL;
    float *dst = job->dst + panel * panel_floats(job);
    float row[CEDM_PANEL] = {0};

    (void)worker;
    for (size_t i = 0; i < k; i++, src++) {
        for (size_t c = 0; c < columns; c++) {
            row[c] = src[c * k];
        }
        put_row(job, dst, i, row);
    }
}

/* Returns the end. */
static float *pack(const cedm_prepare_ctx *prepare, float *dst,
                   const float *src, uint32_t outputs, uint32_t k,
                   uint32_t paired)
{
    pack_job job = {
        .dst = dst, .src = src, .outputs = outputs, .k = k, .paired = paired};

    run(prepare, pack_task, &job);
    return dst + (cedm_packed(outputs, k) >> paired);
}

/* first + second, either CEDM_NONE for zero; returns the end. */
static float *pack_bias(float *dst, const float *data, cedm_weight first,
                        cedm_weight second, uint32_t outputs)
{
    float *end = dst + cedm_packed(outputs, 1);

    for (uint32_t o = 0; o < outputs; o++) {
        double sum = first == CEDM_NONE ? 0.0 : (double)data[first + o];

        if (second != CEDM_NONE) {
            sum += (double)data[second + o];
        }
        *dst++ = (float)sum;
    }
    memset(dst, 0, (size_t)(end - dst) * sizeof *dst);
    return end;
}

/* ---- phases of an up-sampling ------------------------------------------ */

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

/* A panel of all phases, to [phase][panel][4 cin][CEDM_PANEL]. */
static void phases_task(void *arg, uint32_t panel, uint32_t worker)
{
    const pack_job *job = arg;
    uint32_t columns = columns_of(job, panel), cin = job->k / 4;
    const float *src = job->src + (size_t)panel * CEDM_PANEL * 9 * cin;

    (void)worker;
    for (uint32_t phase = 0; phase < 4; phase++) {
        float *dst = job->dst + (phase * cedm_panels(job->outputs) + panel) *
                                    panel_floats(job);
        float row[CEDM_PANEL] = {0};

        for (uint32_t i = 0; i < job->k; i++) {
            const float *taps = src + i % cin;

            for (uint32_t c = 0; c < columns; c++) {
                row[c] = (float)phase_tap(taps + (size_t)c * 9 * cin, cin,
                                          phase, i / cin);
            }
            put_row(job, dst, i, row);
        }
    }
}

/* ---- ops --------------------------------------------------------------- */

static void winograd_task(void *arg, uint32_t panel, uint32_t worker)
{
    const pack_job *job = arg;

    (void)worker;
    cedm_cpu_pack_winograd(job->dst, job->plan, job->src, panel);
}

/* The taps of tiles; returns the end. */
static float *pack_winograd(const cedm_prepare_ctx *prepare, float *dst,
                            const cedm_conv *op)
{
    cedm_winograd_plan plan;
    pack_job job = {.dst = dst,
                    .src = prepare->data + op->weight,
                    .outputs = op->cout,
                    .plan = &plan};

    cedm_cpu_plan_winograd(&plan, op);
    run(prepare, winograd_task, &job);
    return dst + cedm_cpu_winograd_floats(&plan);
}

/* The taps of a direct convolution; returns the end. */
static float *pack_direct(const cedm_prepare_ctx *prepare, float *dst,
                          const cedm_conv *op, const cedm_conv_plan *plan)
{
    pack_job job = {.dst = dst,
                    .src = prepare->data + op->weight,
                    .outputs = op->cout,
                    .k = plan->k << plan->paired,
                    .paired = plan->paired};

    if (plan->narrow) {
        memcpy(dst, job.src, plan->weights * sizeof *dst);
    } else {
        run(prepare, op->up ? phases_task : pack_task, &job);
    }
    return dst + plan->weights;
}

/* plan: of a direct convolution; not read for tiles, whose skip's products
 * are of floats. */
static void pack_conv(cedm_prepare_ctx *prepare, const cedm_conv *op,
                      const cedm_conv_plan *plan)
{
    const float *data = prepare->data;
    uint32_t skip_cin = op->skip_cin[0] + op->skip_cin[1], paired = 0;
    float *dst = begin_part(prepare, op->id);

    if (cedm_cpu_is_winograd(op)) {
        dst = pack_winograd(prepare, dst, op);
    } else {
        dst = pack_direct(prepare, dst, op, plan);
        paired = plan->paired;
    }
    if (skip_cin != 0) {
        dst = pack(prepare, dst, data + op->skip_weight, op->cout, skip_cin,
                   paired);
    }
    end_part(prepare,
             pack_bias(dst, data, op->bias,
                       skip_cin != 0 ? op->skip_bias : CEDM_NONE, op->cout));
}

static void prepare_conv(void *ctx, const cedm_conv *op)
{
    cedm_conv_plan plan;

    cedm_cpu_plan_conv(&plan, op);
    pack_conv(ctx, op, &plan);
}

static void prepare_conv_pairs(void *ctx, const cedm_conv *op)
{
    cedm_conv_plan plan;

    cedm_cpu_plan_conv(&plan, op);
    cedm_cpu_plan_pairs(&plan, op);
    pack_conv(ctx, op, &plan);
}

static void prepare_linear(void *ctx, const cedm_linear *op)
{
    const cedm_prepare_ctx *prepare = ctx;
    const float *data = prepare->data;
    float *dst = pack(ctx, begin_part(ctx, op->id), data + op->weight,
                      op->out, op->in, 0);

    end_part(ctx, pack_bias(dst, data, op->bias, CEDM_NONE, op->out));
}

/* An op without weights of its own still has its entry of the index. */
#define NOTHING(name)                                                        \
    static void nothing_##name(void *ctx, const cedm_##name *op)             \
    {                                                                        \
        begin_part(ctx, op->id);                                             \
    }
CEDM_GRAPH_OPS(NOTHING)
#undef NOTHING

#pragma GCC diagnostic ignored "-Woverride-init"
#define NOTHING(name) .name = nothing_##name,
#define PREPARE CEDM_GRAPH_OPS(NOTHING).linear = prepare_linear

const cedm_ops cedm_cpu_prepare = {PREPARE, .conv = prepare_conv};
const cedm_ops cedm_cpu_prepare_pairs = {PREPARE, .conv = prepare_conv_pairs};
