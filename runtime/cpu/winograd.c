/* SPDX-License-Identifier: MIT
 *
 * winograd.c - 3x3 convolution by tiles, see winograd.h.
 *
 * A chunk is some tiles: rows of an image, or some small images.  Its
 * inputs are activated and transformed into scratch, sixteen channels at a
 * time, so that an element is activated once per chunk.  Then, for some
 * panels of outputs at a time, the products of all points are made, and
 * transformed back into dst.
 *
 * One worker does all of a chunk where there are chunks enough, or they can
 * be dealt out evenly: what it makes stays in its caches.  Otherwise all
 * workers do one chunk together, most often inputs first.  An output's chain of
 * additions is the same: channels in order at every point, the transform,
 * bias + emb, skip, then the residual. */
#include "runtime/cpu/winograd.h"

#include "runtime/cpu/stage.h"

/* Fetching transformed weights from afar takes as long as the products of so
 * many tiles. */
#define FETCH_TILES 16u

/* ---- chunks ------------------------------------------------------------ */

static uint32_t *count_up(uint32_t *at, uint32_t count, uint32_t step)
{
    for (uint32_t i = 0; i < count; i++) {
        at[i] = i * step;
    }
    return at + (count + 15) / 16 * 16;
}

/* Scratch of a worker; inputs and copies are those of worker `maker`. */
static void lay_out(cedm_winograd_chunk *c, uint32_t worker, uint32_t maker)
{
    const cedm_winograd_plan *plan = &c->job->plan;
    size_t pixels =
        ((size_t)plan->tiles * plan->m * plan->m + 15) & ~(size_t)15;
    void *tables;

    c->inputs = cedm_scratch(c->job->exec, maker);
    c->copies = c->inputs + plan->inputs;
    c->staged = cedm_scratch(c->job->exec, worker);
    c->staged += plan->inputs + plan->copies;
    c->products = c->staged + plan->staged;
    tables = c->products + plan->products;
    c->input_at = tables;
    c->product_at = count_up(c->input_at, c->tiles, plan->steps);
    tables = count_up(c->product_at, c->tiles, CEDM_PANEL);
    if (plan->skip_cin != 0) {
        c->sums_at = tables;
        c->dst_at = count_up(c->sums_at, CEDM_BLOCK, CEDM_PANEL);
        c->skip_at[0] = c->dst_at + pixels;
        c->skip_at[1] = c->skip_at[0] + pixels;
        tables = c->skip_at[1] + pixels;
        c->sums = tables;
    }
}

/* Chunk k of a unit; 0 if there are fewer. */
static int find_chunk(cedm_winograd_chunk *c, uint32_t unit, uint32_t k)
{
    const cedm_winograd_job *job = c->job;
    const cedm_winograd_plan *plan = &job->plan;
    uint32_t across = cedm_ceil_div(plan->tile_columns, plan->columns);
    uint32_t first = unit % job->strips * job->unit_rows;
    uint32_t end = cedm_smaller(first + job->unit_rows, plan->tile_rows);

    c->image = unit / job->strips * plan->images;
    c->images = cedm_smaller(plan->images, job->exec->n - c->image);
    c->row = first + k / across * plan->rows;
    if (c->row >= end) {
        return 0;
    }
    c->rows = cedm_smaller(plan->rows, end - c->row);
    c->column = k % across * plan->columns;
    c->columns = cedm_smaller(plan->columns, plan->tile_columns - c->column);
    c->tiles = c->images * c->rows * c->columns;
    return 1;
}

/* Of all rows of a unit, panels from..to-1. */
static void write_stats(const cedm_winograd_job *job, uint32_t unit,
                        uint32_t from, uint32_t to)
{
    const cedm_conv *op = job->op;
    uint32_t rows = job->unit_rows * job->plan.m;
    uint32_t first = unit % job->strips * rows;
    uint32_t end = cedm_smaller(first + rows, op->height);
    uint32_t image = unit / job->strips * job->plan.images;
    uint32_t last = cedm_smaller(image + job->plan.images, job->exec->n);

    for (; op->stats != CEDM_NONE && image < last; image++) {
        CEDM_ISA_NAME(stats)(job->exec, op, image, first, end, from, to);
    }
}

/* ---- tasks ------------------------------------------------------------- */

/* The copy, if there is one, is the longest task and comes first. */
static void make_inputs(const cedm_winograd_chunk *c, uint32_t index)
{
    uint32_t copies = c->job->plan.copied != 0;

    if (index < copies) {
        CEDM_ISA_NAME(winograd_copy)(c);
    } else {
        CEDM_ISA_NAME(winograd_inputs)(c, index - copies);
    }
}

/* Panels of channels to transform, and a copy. */
static uint32_t input_tasks(const cedm_winograd_plan *plan)
{
    return plan->cin / CEDM_PANEL + (plan->copied != 0);
}

static void make_all_inputs(const cedm_winograd_chunk *c)
{
    for (uint32_t i = 0; i < input_tasks(&c->job->plan); i++) {
        make_inputs(c, i);
    }
}

/* A unit by one worker. */
static void unit_task(void *arg, uint32_t index, uint32_t worker)
{
    const cedm_call *call = arg;
    const cedm_winograd_job *job = call->op;
    cedm_winograd_chunk c = {.job = job};

    for (uint32_t k = 0; find_chunk(&c, index, k); k++) {
        lay_out(&c, worker, worker);
        make_all_inputs(&c);
        CEDM_ISA_NAME(winograd_outputs)(&c, 0, job->plan.panels);
    }
    write_stats(job, index, 0, job->plan.panels);
}

/* What all workers do together: one chunk. */
typedef struct together {
    cedm_winograd_chunk chunk;
    uint32_t unit, parts;
    int is_last; /* of the unit */
} together;

/* Whether inputs are made once, before any part.  Two workers make them twice
 * in the time that half of them and reading the other's half take, and need
 * not wait for each other.  But a copy must be whole before dst is written. */
static int is_shared(const cedm_winograd_job *job)
{
    return job->exec->workers > 2 || job->plan.copied != 0;
}

static void input_task(void *arg, uint32_t index, uint32_t worker)
{
    const cedm_call *call = arg;
    const together *t = call->op;
    cedm_winograd_chunk c = t->chunk;

    lay_out(&c, worker, 0);
    make_inputs(&c, index);
}

/* Some panels; in the last chunk of a unit, their statistics. */
static void output_task(void *arg, uint32_t index, uint32_t worker)
{
    const cedm_call *call = arg;
    const together *t = call->op;
    cedm_winograd_chunk c = t->chunk;
    uint32_t panels = c.job->plan.panels;
    uint32_t from = index * panels / t->parts;
    uint32_t to = (index + 1) * panels / t->parts;

    if (is_shared(c.job)) {
        lay_out(&c, worker, 0);
    } else {
        lay_out(&c, worker, worker);
        make_all_inputs(&c);
    }
    CEDM_ISA_NAME(winograd_outputs)(&c, from, to);
    if (t->is_last) {
        write_stats(c.job, t->unit, from, to);
    }
}

/* Ranges of panels; in whole calls of the micro-kernel if these are enough. */
static uint32_t parts_of(const cedm_winograd_job *job)
{
    uint32_t workers = job->exec->workers, panels = job->plan.panels;
    uint32_t whole = panels / CEDM_PANELS_TOGETHER;

    return cedm_smaller(whole < workers ? panels : whole,
                        is_shared(job) ? 2 * workers : workers);
}

static void run_together(const cedm_winograd_job *job, uint32_t units)
{
    const cedm_exec *exec = job->exec;
    cedm_winograd_chunk next = {.job = job};
    together t = {.parts = parts_of(job)};

    for (t.unit = 0; t.unit < units; t.unit++) {
        int more = find_chunk(&next, t.unit, 0);

        for (uint32_t k = 1; more; k++) {
            t.chunk = next;
            more = find_chunk(&next, t.unit, k);
            t.is_last = !more;
            if (is_shared(job)) {
                cedm_run_tasks(exec, input_task, &t, input_tasks(&job->plan));
            }
            cedm_run_tasks(exec, output_task, &t, t.parts);
        }
    }
}

/* ---- who makes what ---------------------------------------------------- */

/* Chunks of so many tile rows of so many maps, or less. */
static void cut(cedm_winograd_job *job, uint32_t rows, uint32_t images)
{
    cedm_winograd_plan *plan = &job->plan;

    plan->rows = rows;
    plan->images = images;
    job->unit_rows = rows > plan->align ? rows : plan->align;
    job->strips = cedm_ceil_div(plan->tile_rows, job->unit_rows);
}

static uint32_t units_of(const cedm_winograd_job *job)
{
    return job->strips * cedm_ceil_div(job->exec->n, job->plan.images);
}

/* Of a unit, in tiles. */
static uint32_t unit_time(const cedm_winograd_job *job)
{
    const cedm_winograd_plan *plan = &job->plan;
    uint32_t chunks = cedm_ceil_div(job->unit_rows, plan->rows) *
                      cedm_ceil_div(plan->tile_columns, plan->columns);

    return plan->images * job->unit_rows * plan->tile_columns +
           (plan->is_far ? chunks * FETCH_TILES : 0);
}

/* Cuts such that one worker a unit is fastest, and returns 1; or 0, and
 * leaves the largest chunks, if all together are faster: they fetch weights
 * once, but wait for each other and read what others wrote, which was seen
 * to cost a third. */
static int share(cedm_winograd_job *job)
{
    cedm_winograd_plan *plan = &job->plan;
    uint32_t workers = job->exec->workers, rows = plan->rows;
    uint32_t images = cedm_smaller(plan->images, job->exec->n);
    cedm_winograd_job tried = *job;
    uint64_t least;
    int alone = 0;

    cut(job, rows, images);
    least = (uint64_t)units_of(job) * unit_time(job) * 4 / 3;
    while (images > 0 && rows > 0) {
        uint64_t rounds, time;

        cut(&tried, rows, images);
        rounds = cedm_ceil_div(units_of(&tried), workers);
        time = rounds * workers * unit_time(&tried);
        if (time < least) {
            least = time;
            alone = 1;
            cut(job, rows, images);
        }
        if (images > 1) {
            images--;
        } else {
            rows = rows > plan->align ? (rows + 1) / 2 : 0;
            rows -= rows > plan->align ? rows % plan->align : 0;
        }
    }
    return alone;
}

void CEDM_ISA_NAME(winograd)(const cedm_exec *exec, const cedm_conv *op)
{
    cedm_winograd_job job = {.exec = exec, .op = op};
    cedm_winograd_plan *plan = &job.plan;

    cedm_cpu_plan_winograd(plan, op);
    job.weights = cedm_prepared(exec, op->id);
    job.skip_weights = job.weights + cedm_cpu_winograd_floats(plan);
    job.bias =
        job.skip_weights + (size_t)plan->panels * plan->skip_cin * CEDM_PANEL;
    if (share(&job)) {
        cedm_run_tasks(exec, unit_task, &job, units_of(&job));
    } else {
        run_together(&job, units_of(&job));
    }
}
