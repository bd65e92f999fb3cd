/* SPDX-License-Identifier: MIT
 *
 * gen_draw.c - draws the images of a job.
 *
 * GPUs take batches in turn.  Each has its next batch queued before the
 * images of its last one are written, so that it does not wait for that. */
#include "tools/gen/gen_draw.h"

#include <inttypes.h>
#include <stdlib.h>

#include "tools/gen/gen_batch.h"
#include "tools/gen/gen_preview.h"

typedef struct drawing drawing;

/* Which images a GPU shows previews of. */
typedef struct shown {
    drawing *of;
    uint64_t first;
} shown;

struct drawing {
    gen_drawer *drawer;
    gen_sink *sink;
    host_progress progress;
    const volatile sig_atomic_t *interrupted;
    uint64_t next;    /* image that no batch holds yet */
    uint32_t devices; /* GPUs, or one CPU */
    gen_batch *batch; /* [devices] */
    shown *shown;     /* [devices] */
    gen_preview preview;
};

/* Makes a batch of the next images; how many these are. */
static uint32_t next_batch(drawing *r, gen_batch *batch)
{
    const gen_job *j = r->drawer->job;
    uint64_t left = j->count - r->next;
    uint32_t n = left < r->drawer->batch ? (uint32_t)left : r->drawer->batch;
    gen_batch_fill(batch, r->next, n);
    r->next += n;
    return n;
}

static bool stopped(const drawing *r, host_failure *f)
{
    if (*r->interrupted) {
        f->code = HOST_EXIT_INTERRUPTED;
        return true;
    }
    return false;
}

/* ---- on the CPU -------------------------------------------------------- */

static bool show(drawing *r, host_runner *runner, uint64_t first,
                 host_failure *f)
{
    gen_preview *p = &r->preview;
    uint32_t done = runner->sampler.step;
    if (r->drawer->preview == 0 || !gen_preview_due(p, done)) {
        return true;
    }
    cedm_status status = runner->kind->preview(runner, p->images);
    if (status != CEDM_OK) {
        return host_fail(f, "--preview: %s", cedm_status_text(status));
    }
    gen_preview_put(p, done, first, r->batch->n);
    return true;
}

/* One step, shown; *status is that of the run. */
static bool draw_step(drawing *r, host_runner *runner, uint64_t first,
                      cedm_status *status, host_failure *f)
{
    *status = runner->kind->step(runner);
    if (*status < CEDM_OK) {
        return true;
    }
    host_progress_show(&r->progress, first, r->batch->n,
                       runner->sampler.step - runner->params.start);
    return !stopped(r, f) && show(r, runner, first, f);
}

static bool draw_batch(drawing *r, uint64_t first, host_failure *f)
{
    host_runner *runner = r->drawer->runners.runner;
    host_runner_batch given = gen_batch_given(r->batch);
    cedm_status status = host_runner_begin(runner, &given);
    status = status == CEDM_OK ? CEDM_MORE : status;
    while (status == CEDM_MORE) {
        if (!draw_step(r, runner, first, &status, f)) {
            return false;
        }
    }
    if (status == CEDM_OK) {
        status = runner->kind->images(runner, r->batch->images);
    }
    return status == CEDM_OK || host_fail(f, "images %" PRIu64 " and on: %s",
                                          first, cedm_status_text(status));
}

static bool draw_on_cpu(drawing *r, host_failure *f)
{
    while (r->next < r->drawer->job->count) {
        uint64_t first = r->next;
        uint32_t n = next_batch(r, r->batch);
        if (!draw_batch(r, first, f) ||
            !gen_sink_put(r->sink, first, n, r->batch->images, f)) {
            return false;
        }
    }
    return true;
}

/* ---- on GPUs ----------------------------------------------------------- */

/* A run that has gone wrong is left to who fetches its images: it may be drawn
 * again, with other previews. */
static cedm_status show_on_gpu(void *arg, host_runner *r, uint32_t done)
{
    const shown *s = arg;
    gen_preview *p = &s->of->preview;
    if (!gen_preview_due(p, done)) {
        return CEDM_OK;
    }
    cedm_status status = r->kind->preview(r, p->images);
    if (status == CEDM_OK) {
        gen_preview_put(p, done, s->first, r->queue.n);
    }
    return status == CEDM_E_OVERFLOW || status == CEDM_E_NONFINITE ? CEDM_OK
                                                                   : status;
}

static bool start_next(drawing *r, uint32_t device, host_failure *f)
{
    if (r->next == r->drawer->job->count) {
        return true;
    }
    gen_batch *batch = &r->batch[device];
    r->shown[device] = (shown){r, r->next};
    next_batch(r, batch);
    host_runner_batch given = gen_batch_given(batch);
    if (r->drawer->preview > 0) {
        given.watch = show_on_gpu;
        given.arg = &r->shown[device];
    }
    return host_runner_queue(&r->drawer->runners.runner[device], &given, f);
}

/* The batch that a GPU works on, images `first` and on. */
static bool finish(drawing *r, uint32_t device, uint64_t first,
                   host_failure *f)
{
    bool widened;
    host_runner *runner = &r->drawer->runners.runner[device];
    const host_gpu *g = &runner->gpu;
    uint8_t *images = r->batch[device].images;
    uint32_t n = runner->queue.n;
    if (!host_runner_fetch(runner, images, &widened, f)) {
        return false;
    }
    if (widened) {
        fprintf(stderr,
                "cedm-gen: cuda:%u: a number of images %" PRIu64
                " to %" PRIu64
                " does not fit fp16; these and all that follow are drawn in "
                "bf16\n",
                g->config.device, first, first + n - 1);
    }
    r->sink->config.precision = host_precision_name(g->config.precision);
    r->drawer->precision = r->sink->config.precision;
    return start_next(r, device, f) &&
           gen_sink_put(r->sink, first, n, images, f);
}

static bool draw_on_gpus(drawing *r, host_failure *f)
{
    gen_drawer *d = r->drawer;
    for (uint32_t i = 0; i < r->devices; i++) {
        if (!start_next(r, i, f)) {
            return false;
        }
    }
    uint64_t first = 0;
    for (uint32_t turn = 0; first < d->job->count; turn++) {
        uint32_t device = turn % r->devices;
        uint32_t n = d->runners.runner[device].queue.n;
        if (!finish(r, device, first, f)) {
            return false;
        }
        host_progress_show(&r->progress, first, n,
                           d->job->params.steps - d->job->params.start);
        first += n;
        if (stopped(r, f)) {
            return false;
        }
    }
    return true;
}

/* ---- all of it --------------------------------------------------------- */

static bool open_batches(drawing *r, host_failure *f)
{
    const gen_drawer *d = r->drawer;
    uint32_t count = d->runners.count;
    r->batch = calloc(count, sizeof *r->batch);
    r->shown = calloc(count, sizeof *r->shown);
    if (r->batch == NULL || r->shown == NULL) {
        return host_fail(f, "out of memory");
    }
    for (; r->devices < count; r->devices++) {
        if (!gen_batch_open(&r->batch[r->devices], d->job, d->batch, f)) {
            gen_batch_close(&r->batch[r->devices]);
            return false;
        }
    }
    return true;
}

static void close_all(drawing *r)
{
    for (uint32_t i = 0; i < r->devices; i++) {
        gen_batch_close(&r->batch[i]);
    }
    free(r->batch);
    free(r->shown);
    gen_preview_close(&r->preview);
}

static bool draw(drawing *r, host_progress_kind kind, host_failure *f)
{
    const gen_drawer *d = r->drawer;
    const cedm_sampler_params *params = &d->job->params;
    host_progress_begin(&r->progress, kind, d->job->count,
                        params->steps - params->start);
    const host_runner *first = d->runners.runner;
    bool cpu = first->kind == &host_runner_cpu;
    if (r->progress.kind == HOST_PROGRESS_BAR && cpu) {
        first->kind->print(first, stderr);
    }
    bool good = cpu ? draw_on_cpu(r, f) : draw_on_gpus(r, f);
    host_progress_end(&r->progress);
    return good;
}

bool gen_drawer_run(gen_drawer *d, gen_sink *s, host_progress_kind kind,
                    const volatile sig_atomic_t *interrupted, host_failure *f)
{
    drawing r = {.drawer = d, .sink = s, .interrupted = interrupted};
    bool shows = d->preview > 0;
    bool good =
        open_batches(&r, f) &&
        (!shows || gen_preview_open(&r.preview, &s->config, d->preview, f)) &&
        draw(&r, kind, f) && (!shows || gen_preview_write(&r.preview, f));
    close_all(&r);
    return good;
}
