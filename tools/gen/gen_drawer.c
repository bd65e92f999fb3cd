/* SPDX-License-Identifier: MIT
 *
 * gen_drawer.c - opens what draws the images of a job: the CPU, or GPUs. */
#include "tools/gen/gen_drawer.h"

#include <stdio.h>
#include <string.h>

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
    if (first->guide != NULL) {
        d->weights_bytes += first->guide->weights_bytes;
        d->arena_bytes += first->guide->arena_bytes;
    }
}

/* Trajectories for --fit-sigmas are followed on a CPU. */
static bool choose_kind(host_device_choice *choice, const gen_options *o,
                        host_failure *f)
{
    if (o->fit && choice->kind == HOST_DEVICE_CUDA) {
        return host_bad_usage(f, "--fit-sigmas needs a CPU; wanted it "
                                 "without --device cuda");
    }
    if (choice->kind == HOST_DEVICE_AUTO && o->fit) {
        choice->kind = HOST_DEVICE_CPU;
    }
    return true;
}

/* A guide is opened first, and decides the batch of both. */
static bool open_all(gen_drawer *d, const host_device_choice *choice,
                     host_runner_config *config, uint32_t local,
                     host_failure *f)
{
    if (d->guide != NULL) {
        if (!host_runners_open(&d->guides, d->guide, choice, local, config,
                               f)) {
            return false;
        }
        config->guides = &d->guides;
        config->batch = d->guides.runner->batch;
    }
    return host_runners_open(&d->runners, d->model, choice, local, config, f);
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
    if (!choose_kind(&choice, o, f) ||
        !open_all(d, &choice, &config, local, f)) {
        return false;
    }
    describe(d);
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
