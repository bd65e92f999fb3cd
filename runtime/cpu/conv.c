/* SPDX-License-Identifier: MIT
 *
 * conv.c - convolution as an implicit matrix product.
 *
 * A task makes some rows of an image, or some small images.  It stages the
 * source rows of a strip in scratch: activated, both sources side by side,
 * zeros around.  There the taps of a kernel row are one contiguous run of
 * K, so tiles read the staged pixels in place and nothing is unrolled.
 *
 * K is cut into chunks whose piece of a panel stays in the first-level cache
 * while a block of pixels passes over it; sums wait in scratch in between.
 * An output's chain of additions is: bias + emb, kernel rows in order, skip,
 * then the residual. */
#include "runtime/cpu/conv.h"
#include "runtime/cpu/stage.h"
#include "runtime/cpu/vec.h"
#include "runtime/cpu/winograd.h"

/* Steps of K in a chunk: 16 KiB of a panel; up to CHUNK_MAX where that saves
 * a cut. */
#define CHUNK 256u
#define CHUNK_MAX 320u

/* ---- tasks ------------------------------------------------------------- */

static void lay_out_scratch(cedm_conv_strip *s, uint32_t worker)
{
    const cedm_conv_plan *plan = &s->job->plan;
    size_t pixels = ((size_t)plan->rows * plan->width + 15) & ~(size_t)15;
    void *tables;

    s->source = cedm_scratch(s->exec, worker);
    s->skip = s->source + plan->images * plan->source;
    s->sums = s->skip + plan->images * plan->skip;
    tables = s->sums + CEDM_PANELS_TOGETHER * CEDM_BLOCK * CEDM_PANEL;
    s->sums_at = tables;
    s->source_at = s->sums_at + CEDM_BLOCK;
    s->skip_at = s->source_at + pixels;
    s->dst_at = s->skip_at + pixels;
}

static void conv_task(void *arg, uint32_t index, uint32_t worker)
{
    const cedm_call *call = arg;
    const cedm_conv_job *job = call->op;
    const cedm_conv *op = job->op;
    const cedm_conv_plan *plan = &job->plan;
    uint32_t split = index % job->splits, part = index / job->splits;
    uint32_t from = split * plan->panels / job->splits;
    uint32_t to = (split + 1) * plan->panels / job->splits;
    uint32_t first = part % job->strips * plan->task_rows;
    uint32_t end = plan->height - first < plan->task_rows
                       ? plan->height
                       : first + plan->task_rows;
    cedm_conv_strip s = {.exec = call->exec, .job = job};

    lay_out_scratch(&s, worker);
    s.image = part / job->strips * plan->images;
    s.images = s.exec->n - s.image < plan->images ? s.exec->n - s.image
                                                  : plan->images;
    for (s.row = first; s.row < end; s.row += plan->rows) {
        s.rows = end - s.row < plan->rows ? end - s.row : plan->rows;
        CEDM_ISA_NAME(conv_tabulate)(&s);
        for (uint32_t i = 0; i < s.images; i++) {
            CEDM_ISA_NAME(conv_stage)(&s, i);
        }
        if (plan->narrow) {
            CEDM_ISA_NAME(conv_narrow)(&s);
        } else {
            CEDM_ISA_NAME(conv_multiply)(&s, from, to);
        }
    }
    if (op->stats != CEDM_NONE) {
        for (uint32_t i = 0; i < s.images; i++) {
            CEDM_ISA_NAME(stats)
            (s.exec, op, s.image + i, first << op->up, end << op->up, from,
             to);
        }
    }
}

/* ---- cutting ----------------------------------------------------------- */

/* Adds the chunks of `runs` runs of `length` steps. */
static void add_chunks(cedm_conv_job *job, cedm_conv_chunk chunk,
                       uint32_t runs, uint32_t length)
{
    uint32_t pieces = 1, together = 1, size;

    if (length > CHUNK_MAX) {
        pieces = cedm_ceil_div(length, CHUNK);
        pieces = pieces < CEDM_MAX_PIECES ? pieces : CEDM_MAX_PIECES;
    } else if (runs * length <= CHUNK_MAX) {
        together = runs;
    } else {
        together = length < CHUNK ? CHUNK / length : 1;
    }
    size = cedm_ceil_div(length, pieces);
    for (uint32_t run = 0; run < runs; run += together) {
        for (uint32_t k = 0; k < length; k += size) {
            cedm_conv_chunk *c = &job->chunks[job->chunk_count++];

            *c = chunk;
            c->runs = runs - run < together ? runs - run : together;
            c->length = length - k < size ? length - k : size;
            c->a = run * chunk.step + k;
            c->b += ((size_t)run * length + k) * CEDM_PANEL;
        }
    }
}

static void cut_k(cedm_conv_job *job)
{
    const cedm_conv_plan *plan = &job->plan;
    size_t panel = (size_t)plan->k * CEDM_PANEL;

    add_chunks(job,
               (cedm_conv_chunk){.b = job->weights,
                                 .panel = panel,
                                 .phase = plan->panels * panel,
                                 .step = plan->pitch},
               plan->kernel[0], plan->kernel[1] * plan->cin);
    if (plan->skip_cin != 0) {
        add_chunks(
            job,
            (cedm_conv_chunk){.b = job->weights + plan->weights,
                              .skip = 1,
                              .panel = (size_t)plan->skip_cin * CEDM_PANEL},
            1, plan->skip_cin);
    }
}

/* A task must own all channels of its pixels if it may overwrite a source
 * of its skip that another one has still to copy. */
static int may_split(const cedm_conv *op)
{
    for (int i = 0; i < 2; i++) {
        if (op->skip_cin[i] != 0 && op->skip_src[i] == op->dst) {
            return 0;
        }
    }
    return 1;
}

/* Cuts smaller than planned where images are few and workers many.  Sums do
 * not depend on it. */
static void cut_tasks(cedm_conv_job *job, const cedm_exec *exec)
{
    cedm_conv_plan *plan = &job->plan;
    uint32_t wanted = exec->workers > 1 ? 4 * exec->workers : 1;
    uint32_t few = exec->n / wanted;

    if (plan->images > few) {
        plan->images = few > 1 ? few : 1;
    }
    job->groups = cedm_ceil_div(exec->n, plan->images);
    while (plan->task_rows > plan->align &&
           job->groups * cedm_ceil_div(plan->height, plan->task_rows) <
               wanted) {
        uint32_t half = (plan->task_rows + 1) / 2;

        plan->task_rows = cedm_ceil_div(half, plan->align) * plan->align;
        if (plan->task_rows < plan->rows) {
            plan->rows = plan->task_rows;
        }
    }
    job->strips = cedm_ceil_div(plan->height, plan->task_rows);
    job->splits = 1;
    if (job->groups * job->strips < wanted && may_split(job->op)) {
        uint32_t splits = cedm_ceil_div(wanted, job->groups * job->strips);

        job->splits = splits < plan->panels ? splits : plan->panels;
    }
}

void CEDM_ISA_NAME(conv)(void *ctx, const cedm_conv *op)
{
    const cedm_exec *exec = ctx;
    cedm_conv_job job;

    if (cedm_cpu_is_winograd(op)) {
        CEDM_ISA_NAME(winograd)(exec, op);
        return;
    }
    job.op = op;
    job.chunk_count = 0;
    cedm_cpu_plan_conv(&job.plan, op);
    if (CEDM_PAIRS) {
        cedm_cpu_plan_pairs(&job.plan, op);
    }
    job.weights = cedm_prepared(exec, op->id);
    job.bias = job.weights + job.plan.weights +
               cedm_packed(op->cout, job.plan.skip_cin);
    cut_k(&job);
    cut_tasks(&job, exec);
    cedm_run_tasks(exec, conv_task, &job,
                   job.groups * job.strips * job.splits);
}
