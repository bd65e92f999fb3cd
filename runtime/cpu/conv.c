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
#include "cpu/stage.h"
#include "cpu/tile.h"
#include "cpu/winograd.h"

/* Steps of K in a chunk: 16 KiB of a panel; up to CHUNK_MAX where that saves
 * a cut. */
#define CHUNK 256u
#define CHUNK_MAX 320u

/* Pieces that a run may be cut into. */
#define MAX_PIECES 12u
#define MAX_CHUNKS (4 * MAX_PIECES)

typedef struct conv_chunk {
    size_t a; /* floats from a pixel's staged taps, or its skip channels */
    const float *b;      /* of panel 0, phase 0 */
    size_t panel, phase; /* floats from one to the next in b */
    size_t step;
    uint32_t runs, length;
    uint32_t skip;
} conv_chunk;

/* An op cut into tasks: [group of images][strip][range of panels]. */
typedef struct conv_job {
    const cedm_conv *op;
    cedm_conv_plan plan;
    uint32_t groups, strips, splits;
    uint32_t chunk_count;
    const float *bias;
    conv_chunk chunks[MAX_CHUNKS];
} conv_job;

/* What a worker holds while it makes a strip. */
typedef struct conv_strip {
    const cedm_exec *exec;
    const conv_job *job;
    uint32_t image, images; /* first, number */
    uint32_t row, rows;     /* of a pass */
    float *source, *skip, *sums;
    uint32_t *source_at, *skip_at, *dst_at; /* of a pixel of the strip */
    uint32_t *sums_at;                      /* of a pixel of a block */
} conv_strip;

/* ---- staging ----------------------------------------------------------- */

static void stage_source(const conv_strip *s, uint32_t image, float *dst)
{
    const cedm_conv *op = s->job->op;
    const cedm_conv_plan *plan = &s->job->plan;
    uint32_t cin = plan->cin, pad = op->up ? 1 : op->pad;
    uint32_t columns = (uint32_t)(plan->pitch / cin);
    uint32_t rows = op->up ? s->rows + 2
                           : (s->rows - 1) * op->stride + op->kernel;
    uint32_t from = op->up ? s->row : s->row * op->stride;
    uint32_t right = columns > pad + op->in_width
                         ? columns - pad - op->in_width : 0;
    uint32_t inside = columns - pad - right;
    const float *a = NULL, *b = NULL;

    if (op->act != CEDM_ACT_NONE) {
        a = cedm_at(s->exec, op->coeff, 2 * (size_t)cin, image);
        b = a + cin;
    }
    for (uint32_t r = from; r < from + rows; r++, dst += plan->pitch) {
        uint32_t channel = 0;

        if (r < pad || r - pad >= op->in_height) {
            memset(dst, 0, plan->pitch * sizeof *dst);
            continue;
        }
        memset(dst, 0, (size_t)pad * cin * sizeof *dst);
        for (int i = 0; i < 2 && op->cin[i] != 0; i++) {
            size_t row = (size_t)op->in_width * op->cin[i];
            const float *src = cedm_at(s->exec, op->src[i],
                                       op->in_height * row, image);

            CEDM_ISA_NAME(stage)(dst + (size_t)pad * cin + channel, cin,
                                 src + (r - pad) * row, inside, op->cin[i],
                                 a == NULL ? NULL : a + channel,
                                 b == NULL ? NULL : b + channel, op->act);
            channel += op->cin[i];
        }
        memset(dst + (size_t)(columns - right) * cin, 0,
               (size_t)right * cin * sizeof *dst);
    }
}

/* First row of the skip's maps that a strip reads. */
static uint32_t skip_row(const conv_strip *s)
{
    const cedm_conv *op = s->job->op;

    return (s->row << op->up) >> op->skip_up;
}

/* A copy, for dst may lie over a skip source. */
static void stage_skip(const conv_strip *s, uint32_t image, float *dst)
{
    const cedm_conv *op = s->job->op;
    size_t stride = s->job->plan.skip_cin;
    uint32_t width = op->width >> op->skip_up;
    uint32_t height = op->height >> op->skip_up;
    uint32_t first = skip_row(s);
    uint32_t last = (((s->row + s->rows) << op->up) - 1) >> op->skip_up;

    for (int i = 0; i < 2 && op->skip_cin[i] != 0; i++) {
        size_t row = (size_t)width * op->skip_cin[i];
        const float *src = cedm_at(s->exec, op->skip_src[i], height * row,
                                   image);

        CEDM_ISA_NAME(stage)(dst, stride, src + first * row,
                             (size_t)(last + 1 - first) * width,
                             op->skip_cin[i], NULL, NULL, CEDM_ACT_NONE);
        dst += op->skip_cin[i];
    }
}

/* first, first + step, ...; returns the end. */
static uint32_t *count_up(uint32_t *at, uint32_t count, uint32_t first,
                          uint32_t step)
{
    for (uint32_t i = 0; i < count; i++) {
        at[i] = first + i * step;
    }
    return at + count;
}

/* Offsets of the strip's pixels; phases and panels add their own. */
static void tabulate(const conv_strip *s)
{
    const cedm_conv *op = s->job->op;
    const cedm_conv_plan *plan = &s->job->plan;
    uint32_t up = op->up, stride = up ? 1 : op->stride;
    uint32_t skip_cin = plan->skip_cin, skip_width = op->width >> op->skip_up;
    uint32_t *source_at = s->source_at, *skip_at = s->skip_at;
    uint32_t *dst_at = s->dst_at;

    count_up(s->sums_at, CEDM_BLOCK, 0, CEDM_PANEL);
    for (uint32_t y = 0; y < s->rows; y++) {
        source_at = count_up(source_at, plan->width,
                             (uint32_t)(y * stride * plan->pitch),
                             stride * plan->cin);
        dst_at = count_up(dst_at, plan->width, (y << up) * op->width *
                          op->cout, op->cout << up);
        if (skip_cin != 0) {
            uint32_t row = (((s->row + y) << up) >> op->skip_up) -
                           skip_row(s);

            for (uint32_t x = 0; x < plan->width; x++) {
                *skip_at++ = (row * skip_width + ((x << up) >> op->skip_up)) *
                             skip_cin;
            }
        }
    }
}

/* ---- multiplying ------------------------------------------------------- */

/* One panel of one phase of one staged image. */
typedef struct conv_pass {
    const conv_strip *strip;
    const float *source, *skip; /* at the phase's first tap */
    uint32_t phase, panel, columns;
    float *dst;                 /* at the phase's first pixel */
    const float *residual;
    float init[CEDM_PANEL];
} conv_pass;

/* The last step of a tile for a panel that is not full. */
static void write_part(const conv_pass *pass, uint32_t first, uint32_t end)
{
    const conv_strip *s = pass->strip;
    const float *sums = s->sums;

    for (uint32_t p = first; p < end; p++, sums += CEDM_PANEL) {
        size_t at = s->dst_at[p];

        for (uint32_t c = 0; c < pass->columns; c++) {
            float sum = sums[c];

            if (pass->residual != NULL) {
                sum += pass->residual[at + c];
            }
            pass->dst[at + c] = sum * s->job->op->scale;
        }
    }
}

/* Pixels first..end-1 over one chunk. */
static void run_chunk(const conv_pass *pass, uint32_t index, uint32_t first,
                      uint32_t end)
{
    const conv_strip *s = pass->strip;
    const conv_chunk *chunk = &s->job->chunks[index];
    const uint32_t *at = chunk->skip ? s->skip_at : s->source_at;
    int closes = index + 1 == s->job->chunk_count;
    cedm_tile tile = {
        .a = (chunk->skip ? pass->skip : pass->source) + chunk->a,
        .a_at = at + first,
        .b = chunk->b + pass->panel * chunk->panel +
             pass->phase * chunk->phase,
        .runs = chunk->runs,
        .length = chunk->length,
        .step = chunk->step,
        .init = pass->init,
        .out = s->sums,
        .out_at = s->sums_at,
        .scale = 1.0f,
    };

    if (index != 0) {
        tile.init = s->sums;
        tile.init_step = CEDM_PANEL;
    }
    if (closes && pass->columns == CEDM_PANEL) {
        tile.out = pass->dst;
        tile.out_at = s->dst_at + first;
        tile.add = pass->residual;
        tile.scale = s->job->op->scale;
    }
    CEDM_ISA_NAME(tile)(&tile, end - first);
    if (closes && pass->columns < CEDM_PANEL) {
        write_part(pass, first, end);
    }
}

static void run_pass(const conv_pass *pass)
{
    const conv_strip *s = pass->strip;
    uint32_t pixels = s->rows * s->job->plan.width;
    int direct = s->job->chunk_count == 1 && pass->columns == CEDM_PANEL;
    uint32_t block = direct ? pixels : CEDM_BLOCK;

    for (uint32_t first = 0; first < pixels; first += block) {
        uint32_t end = pixels - first < block ? pixels : first + block;

        for (uint32_t i = 0; i < s->job->chunk_count; i++) {
            run_chunk(pass, i, first, end);
        }
    }
}

/* bias + emb of a panel's channels. */
static void set_init(conv_pass *pass, uint32_t image)
{
    const conv_strip *s = pass->strip;
    const cedm_conv *op = s->job->op;
    uint32_t first = pass->panel * CEDM_PANEL;

    memcpy(pass->init, s->job->bias + first, sizeof pass->init);
    if (op->emb_src != CEDM_NONE) {
        const float *emb = cedm_at(s->exec, op->emb_src, op->emb_stride,
                                   image) + op->emb_index + first;

        for (uint32_t c = 0; c < pass->columns; c++) {
            pass->init[c] += emb[c];
        }
    }
}

/* Image i of the strip. */
static void run_image(const conv_strip *s, uint32_t i, uint32_t phase,
                      uint32_t panel)
{
    const cedm_conv *op = s->job->op;
    const cedm_conv_plan *plan = &s->job->plan;
    uint32_t py = phase / 2, px = phase % 2, image = s->image + i;
    uint32_t left = op->cout - panel * CEDM_PANEL;
    size_t map = (size_t)op->height * op->width * op->cout;
    size_t first = (size_t)((s->row << op->up) + py) * op->width + px;
    size_t shift = first * op->cout + (size_t)panel * CEDM_PANEL;
    conv_pass pass = {.strip = s, .phase = phase, .panel = panel};

    pass.columns = left < CEDM_PANEL ? left : CEDM_PANEL;
    pass.source = s->source + i * plan->source + py * plan->pitch +
                  (size_t)px * plan->cin;
    pass.skip = s->skip + i * plan->skip;
    if (!op->skip_up) {
        pass.skip += (size_t)(py * op->width + px) * plan->skip_cin;
    }
    pass.dst = cedm_at(s->exec, op->dst, map, image) + shift;
    if (op->residual != CEDM_NONE) {
        pass.residual = cedm_at(s->exec, op->residual, map, image) + shift;
    }
    set_init(&pass, image);
    run_pass(&pass);
}

static void run_strip(const conv_strip *s, uint32_t from, uint32_t to)
{
    const cedm_conv_plan *plan = &s->job->plan;

    tabulate(s);
    for (uint32_t i = 0; i < s->images; i++) {
        stage_source(s, s->image + i, s->source + i * plan->source);
        if (plan->skip_cin != 0) {
            stage_skip(s, s->image + i, s->skip + i * plan->skip);
        }
    }
    for (uint32_t phase = 0; phase < plan->phases; phase++) {
        for (uint32_t panel = from; panel < to; panel++) {
            for (uint32_t i = 0; i < s->images; i++) {
                run_image(s, i, phase, panel);
            }
        }
    }
}

/* ---- tasks ------------------------------------------------------------- */

static void lay_out_scratch(conv_strip *s, uint32_t worker)
{
    const cedm_conv_plan *plan = &s->job->plan;
    size_t pixels = ((size_t)plan->rows * plan->width + 15) & ~(size_t)15;
    void *tables;

    s->source = cedm_scratch(s->exec, worker);
    s->skip = s->source + plan->images * plan->source;
    s->sums = s->skip + plan->images * plan->skip;
    tables = s->sums + CEDM_BLOCK * CEDM_PANEL;
    s->sums_at = tables;
    s->source_at = s->sums_at + CEDM_BLOCK;
    s->skip_at = s->source_at + pixels;
    s->dst_at = s->skip_at + pixels;
}

static void conv_task(void *arg, uint32_t index, uint32_t worker)
{
    const cedm_call *call = arg;
    const conv_job *job = call->op;
    const cedm_conv *op = job->op;
    const cedm_conv_plan *plan = &job->plan;
    uint32_t split = index % job->splits, part = index / job->splits;
    uint32_t from = split * plan->panels / job->splits;
    uint32_t to = (split + 1) * plan->panels / job->splits;
    uint32_t first = part % job->strips * plan->task_rows;
    uint32_t end = plan->height - first < plan->task_rows
                       ? plan->height : first + plan->task_rows;
    conv_strip s = {.exec = call->exec, .job = job};

    lay_out_scratch(&s, worker);
    s.image = part / job->strips * plan->images;
    s.images = s.exec->n - s.image < plan->images ? s.exec->n - s.image
                                                  : plan->images;
    for (s.row = first; s.row < end; s.row += plan->rows) {
        s.rows = end - s.row < plan->rows ? end - s.row : plan->rows;
        run_strip(&s, from, to);
    }
    if (op->stats != CEDM_NONE) {
        for (uint32_t i = 0; i < s.images; i++) {
            CEDM_ISA_NAME(stats)(s.exec, op, s.image + i, first << op->up,
                                 end << op->up, from, to);
        }
    }
}

/* ---- cutting ----------------------------------------------------------- */

/* Adds the chunks of `runs` runs of `length` steps. */
static void add_chunks(conv_job *job, conv_chunk chunk, uint32_t runs,
                       uint32_t length)
{
    uint32_t pieces = 1, together = 1, size;

    if (length > CHUNK_MAX) {
        pieces = cedm_ceil_div(length, CHUNK);
        pieces = pieces < MAX_PIECES ? pieces : MAX_PIECES;
    } else if (runs * length <= CHUNK_MAX) {
        together = runs;
    } else {
        together = length < CHUNK ? CHUNK / length : 1;
    }
    size = cedm_ceil_div(length, pieces);
    for (uint32_t run = 0; run < runs; run += together) {
        for (uint32_t k = 0; k < length; k += size) {
            conv_chunk *c = &job->chunks[job->chunk_count++];

            *c = chunk;
            c->runs = runs - run < together ? runs - run : together;
            c->length = length - k < size ? length - k : size;
            c->a = run * chunk.step + k;
            c->b += ((size_t)run * length + k) * CEDM_PANEL;
        }
    }
}

static void cut_k(conv_job *job, const cedm_exec *exec)
{
    const cedm_conv_plan *plan = &job->plan;
    size_t panel = (size_t)plan->k * CEDM_PANEL;
    const float *weights = cedm_prepared(exec, job->op->id);
    const float *skip = weights + plan->phases * plan->panels * panel;

    job->bias = skip + (size_t)plan->panels * plan->skip_cin * CEDM_PANEL;
    add_chunks(job,
               (conv_chunk){.b = weights, .panel = panel,
                            .phase = plan->panels * panel,
                            .step = plan->pitch},
               plan->kernel, plan->kernel * plan->cin);
    if (plan->skip_cin != 0) {
        add_chunks(job,
                   (conv_chunk){.b = skip, .skip = 1,
                                .panel = (size_t)plan->skip_cin *
                                         CEDM_PANEL},
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
static void cut_tasks(conv_job *job, const cedm_exec *exec)
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
    conv_job job;

    if (cedm_cpu_is_winograd(op)) {
        CEDM_ISA_NAME(winograd)(exec, op);
        return;
    }
    job.op = op;
    job.chunk_count = 0;
    cedm_cpu_plan_conv(&job.plan, op);
    cut_k(&job, exec);
    cut_tasks(&job, exec);
    cedm_run_tasks(exec, conv_task, &job,
                   job.groups * job.strips * job.splits);
}
