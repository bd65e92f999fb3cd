/* SPDX-License-Identifier: MIT
 *
 * prepare_pack.c - the packed weights, made once before a network runs.
 *
 * A task fills one panel, so that what nobody touched yet is touched by all
 * threads.  Sums of weights are made in double precision and rounded once.
 * A panel's missing output channels have zero weights. */
#include <string.h>

#include "cpu/cpu.h"
#include "cpu/winograd.h"

/* A matrix to pack: [outputs][k], or 3x3 taps [outputs][9][cin]. */
typedef struct pack_job {
    float *dst;
    const float *src;
    uint32_t outputs, k;
    const cedm_winograd_plan *plan; /* of transformed taps */
} pack_job;

static float *begin_part(cedm_prepare_ctx *prepare, uint32_t id)
{
    void *weights = prepare->weights, *part = prepare->weights +
                                              prepare->used;
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

/* ---- matrices ---------------------------------------------------------- */

/* To [panel][k][CEDM_PANEL]. */
static void pack_task(void *arg, uint32_t panel, uint32_t worker)
{
    const pack_job *job = arg;
    size_t k = job->k, columns = columns_of(job, panel);
    const float *src = job->src + panel * k * CEDM_PANEL;
    float *dst = job->dst + panel * k * CEDM_PANEL;

    (void)worker;
    for (size_t i = 0; i < k; i++, src++, dst += CEDM_PANEL) {
        for (size_t c = 0; c < columns; c++) {
            dst[c] = src[c * k];
        }
        memset(dst + columns, 0, (CEDM_PANEL - columns) * sizeof *dst);
    }
}

/* Returns the end. */
static float *pack(const cedm_prepare_ctx *prepare, float *dst,
                   const float *src, uint32_t outputs, uint32_t k)
{
    pack_job job = {.dst = dst, .src = src, .outputs = outputs, .k = k};

    run(prepare, pack_task, &job);
    return dst + cedm_packed(outputs, k);
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
        float *dst = job->dst + phase * cedm_packed(job->outputs, job->k) +
                     (size_t)panel * job->k * CEDM_PANEL;

        for (uint32_t i = 0; i < job->k; i++, dst += CEDM_PANEL) {
            const float *taps = src + i % cin;

            for (uint32_t c = 0; c < columns; c++) {
                dst[c] = (float)phase_tap(taps + (size_t)c * 9 * cin, cin,
                                          phase, i / cin);
            }
            memset(dst + columns, 0, (CEDM_PANEL - columns) * sizeof *dst);
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

/* The taps in the form that the op's algorithm wants; returns the end. */
static float *pack_kernel(const cedm_prepare_ctx *prepare, float *dst,
                          const cedm_conv *op)
{
    const float *taps = prepare->data + op->weight;
    pack_job job = {.dst = dst, .src = taps, .outputs = op->cout};
    cedm_winograd_plan winograd;
    cedm_conv_plan plan;

    if (cedm_cpu_is_winograd(op)) {
        cedm_cpu_plan_winograd(&winograd, op);
        job.plan = &winograd;
        run(prepare, winograd_task, &job);
        return dst + cedm_cpu_winograd_floats(&winograd);
    }
    cedm_cpu_plan_conv(&plan, op);
    job.k = plan.k;
    if (plan.narrow) {
        memcpy(dst, taps, plan.weights * sizeof *dst);
    } else {
        run(prepare, op->up ? phases_task : pack_task, &job);
    }
    return dst + plan.weights;
}

static void prepare_conv(void *ctx, const cedm_conv *op)
{
    const cedm_prepare_ctx *prepare = ctx;
    const float *data = prepare->data;
    uint32_t skip_cin = op->skip_cin[0] + op->skip_cin[1];
    float *dst = pack_kernel(ctx, begin_part(ctx, op->id), op);

    if (skip_cin != 0) {
        dst = pack(ctx, dst, data + op->skip_weight, op->cout, skip_cin);
    }
    end_part(ctx, pack_bias(dst, data, op->bias,
                            skip_cin != 0 ? op->skip_bias : CEDM_NONE,
                            op->cout));
}

static void prepare_linear(void *ctx, const cedm_linear *op)
{
    const cedm_prepare_ctx *prepare = ctx;
    const float *data = prepare->data;
    float *dst = pack(ctx, begin_part(ctx, op->id), data + op->weight,
                      op->out, op->in);

    end_part(ctx, pack_bias(dst, data, op->bias, CEDM_NONE, op->out));
}

static void no_embed(void *ctx, const cedm_embed *op)
{
    begin_part(ctx, op->id);
}

static void no_norm_coeff(void *ctx, const cedm_norm_coeff *op)
{
    begin_part(ctx, op->id);
}

static void no_resample(void *ctx, const cedm_resample *op)
{
    begin_part(ctx, op->id);
}

static void no_attention(void *ctx, const cedm_attention *op)
{
    begin_part(ctx, op->id);
}

const cedm_ops cedm_cpu_prepare = {
    .embed = no_embed,
    .linear = prepare_linear,
    .norm_coeff = no_norm_coeff,
    .conv = prepare_conv,
    .resample = no_resample,
    .attention = no_attention,
};
