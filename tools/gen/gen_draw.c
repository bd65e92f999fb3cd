/* SPDX-License-Identifier: MIT
 *
 * gen_draw.c - draws the images of a job, on the CPU or on GPUs.
 *
 * GPUs take batches in turn.  Each has its next batch queued before the
 * images of its last one are written, so that it does not wait for that. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/gen/gen_batch.h"
#include "tools/gen/gen_draw.h"
#include "tools/gen/gen_preview.h"

/* ---- opening ----------------------------------------------------------- */

/* What opening made, for reports and the sink. */
static void describe(gen_drawer *d)
{
    const host_runner *first = d->runners.runner;
    const host_device_choice *choice = &d->runners.choice;
    size_t end = 0;
    snprintf(d->device, sizeof d->device, "cpu");
    for (uint32_t i = 0; i < choice->count; i++) {
        end += (size_t)snprintf(d->device + end, sizeof d->device - end,
                                i == 0 ? "cuda:%u" : ",%u", choice->index[i]);
    }
    d->isa = first->isa;
    d->precision = host_precision_name(first->kind->precision(first));
    d->batch = first->batch;
    d->threads = first->threads;
    d->weights_bytes = first->weights_bytes;
    d->arena_bytes = first->arena_bytes;
}

/* The second network of autoguidance, in memory of its own. */
static bool open_guide(gen_drawer *d, const host_runner_config *config,
                       uint32_t local, host_failure *f)
{
    if (!host_runners_open(&d->guides, d->guide, &d->runners.choice, local,
                           config, f)) {
        return false;
    }
    d->weights_bytes += d->guides.runner->weights_bytes;
    d->arena_bytes += d->guides.runner->arena_bytes;
    return true;
}

/* A GPU has plain runs alone. */
static bool choose_kind(host_device_choice *choice, const gen_job *j,
                        const gen_options *o, host_failure *f)
{
    const char *option = o->fit ? "--fit-sigmas"
                         : o->preview > 0
                             ? "--preview"
                             : gen_conditions_option(&j->conditions);
    if (option != NULL && choice->kind == HOST_DEVICE_CUDA) {
        return host_bad_usage(
            f, "%s needs a CPU; wanted it without --device cuda", option);
    }
    if (choice->kind == HOST_DEVICE_AUTO && option != NULL) {
        choice->kind = HOST_DEVICE_CPU;
    }
    return true;
}

bool gen_drawer_open(gen_drawer *d, const host_model *m,
                     const host_model *guide, const gen_job *j,
                     const gen_options *o, uint32_t local, host_failure *f)
{
    host_device_choice choice = o->device;
    d->model = m;
    d->guide = guide;
    d->job = j;
    d->preview = (uint32_t)o->preview;
    /* Batches follow from the whole job, so that a part of it has the same:
     * the record in a file names the batch, and a GPU's bits depend on it. */
    host_runner_config config = {
        .isa = o->isa,
        .threads = (uint32_t)o->threads,
        .precision = o->precision,
        .batch = o->batch,
        .images = j->whole,
        .params = j->params,
    };
    if (!choose_kind(&choice, j, o, f) ||
        !host_runners_open(&d->runners, m, &choice, local, &config, f)) {
        return false;
    }
    describe(d);
    if (guide != NULL && !open_guide(d, &config, local, f)) {
        return false;
    }
    const host_runner *first = d->runners.runner;
    if (o->device.kind == HOST_DEVICE_AUTO &&
        first->kind == &host_runner_cuda) {
        fputs("cedm-gen: ", stderr);
        first->kind->print(first, stderr);
    }
    return true;
}

void gen_drawer_close(gen_drawer *d)
{
    host_runners_close(&d->runners);
    host_runners_close(&d->guides);
    memset(d, 0, sizeof *d);
}

/* ---- a drawing --------------------------------------------------------- */

typedef struct drawing {
    gen_drawer *drawer;
    gen_sink *sink;
    host_progress progress;
    const volatile sig_atomic_t *interrupted;
    uint64_t next; /* image that no batch holds yet */
    gen_batch batch;
    gen_preview preview;
} drawing;

/* How many images the next batch has. */
static uint32_t next_batch(drawing *r)
{
    const gen_job *j = r->drawer->job;
    uint64_t left = j->count - r->next;
    uint32_t n = left < r->drawer->batch ? (uint32_t)left : r->drawer->batch;
    gen_batch_fill(&r->batch, r->next, n);
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

/* One step, shown; *status is that of the run. */
static bool draw_step(drawing *r, cedm_sampler *sampler, uint64_t first,
                      cedm_status *status, host_failure *f)
{
    const cedm_sampler_params *params = &r->drawer->job->params;
    *status = cedm_sample_step(sampler);
    if (*status < CEDM_OK) {
        return true;
    }
    host_progress_show(&r->progress, first, sampler->n,
                       sampler->step - params->start);
    return !stopped(r, f) &&
           (r->drawer->preview == 0 ||
            gen_preview_put(&r->preview, sampler, first, f));
}

static bool draw_batch(drawing *r, uint64_t first, host_failure *f)
{
    gen_drawer *d = r->drawer;
    cedm_sampler sampler;
    cedm_status status =
        gen_batch_begin(&r->batch, &sampler, &d->runners.runner->cpu.net,
                        d->guide != NULL ? &d->guides.runner->cpu.net : NULL);
    status = status == CEDM_OK ? CEDM_MORE : status;
    while (status == CEDM_MORE) {
        if (!draw_step(r, &sampler, first, &status, f)) {
            return false;
        }
    }
    if (status == CEDM_OK) {
        status = cedm_sample_images(&sampler, r->batch.images);
    }
    return status == CEDM_OK || host_fail(f, "images %" PRIu64 " and on: %s",
                                          first, cedm_status_text(status));
}

static bool draw_on_cpu(drawing *r, host_failure *f)
{
    while (r->next < r->drawer->job->count) {
        uint64_t first = r->next;
        uint32_t n = next_batch(r);
        if (!draw_batch(r, first, f) ||
            !gen_sink_put(r->sink, first, n, r->batch.images, f)) {
            return false;
        }
    }
    return r->drawer->preview == 0 || gen_preview_write(&r->preview, f);
}

/* ---- on GPUs ----------------------------------------------------------- */

static bool start_next(drawing *r, host_gpu *g, host_failure *f)
{
    if (r->next == r->drawer->job->count) {
        return true;
    }
    uint32_t n = next_batch(r);
    return host_gpu_start(g, r->batch.seeds, r->batch.clusters, n, f);
}

/* The batch that a GPU works on, images `first` and on. */
static bool finish(drawing *r, host_gpu *g, uint64_t first, host_failure *f)
{
    bool widened;
    uint32_t n = g->n;
    if (!host_gpu_images(g, r->batch.images, &widened, f)) {
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
    return start_next(r, g, f) &&
           gen_sink_put(r->sink, first, n, r->batch.images, f);
}

static bool draw_on_gpus(drawing *r, host_failure *f)
{
    gen_drawer *d = r->drawer;
    for (uint32_t i = 0; i < d->runners.count; i++) {
        if (!start_next(r, &d->runners.runner[i].gpu, f)) {
            return false;
        }
    }
    uint64_t first = 0;
    for (uint32_t turn = 0; first < d->job->count; turn++) {
        host_gpu *g = &d->runners.runner[turn % d->runners.count].gpu;
        uint32_t n = g->n;
        if (!finish(r, g, first, f)) {
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

bool gen_drawer_run(gen_drawer *d, gen_sink *s, host_progress_kind kind,
                    const volatile sig_atomic_t *interrupted, host_failure *f)
{
    drawing r = {.drawer = d, .sink = s, .interrupted = interrupted};
    const cedm_sampler_params *params = &d->job->params;
    bool good = gen_batch_open(&r.batch, d->job, d->batch, f) &&
                (d->preview == 0 ||
                 gen_preview_open(&r.preview, &s->config, d->preview, f));
    if (good) {
        host_progress_begin(&r.progress, kind, d->job->count,
                            params->steps - params->start);
        const host_runner *first = d->runners.runner;
        bool cpu = first->kind == &host_runner_cpu;
        if (r.progress.kind == HOST_PROGRESS_BAR && cpu) {
            first->kind->print(first, stderr);
        }
        good = cpu ? draw_on_cpu(&r, f) : draw_on_gpus(&r, f);
        host_progress_end(&r.progress);
    }
    gen_preview_close(&r.preview);
    gen_batch_close(&r.batch);
    return good;
}
