/* SPDX-License-Identifier: MIT
 *
 * run_open.c - from options to a run that can begin. */
#define _GNU_SOURCE /* sched_getaffinity */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output.h"
#include "ranks.h"
#include "run.h"
#include "shard.h"

/* Arena of an evaluation where --micro-batch leaves it open. */
#define ARENA_LIMIT ((uint64_t)2 << 30)

/* Images of an evaluation then: more only cost memory. */
#define MICRO_LIMIT 128u

/* Those that this process may use: launchers of ranks share them out. */
static uint32_t processors(void)
{
    cpu_set_t set;
    long n = sched_getaffinity(0, sizeof set, &set) == 0
                 ? CPU_COUNT(&set)
                 : sysconf(_SC_NPROCESSORS_ONLN);

    return n < 1 ? 1 : n > 1024 ? 1024 : (uint32_t)n;
}

static uint32_t threads_of(const run *r)
{
    uint32_t threads = r->options->threads;

    return threads != 0 ? threads : processors();
}

static bool open_pool(run *r, failure *f)
{
    r->pool = pool_open(threads_of(r), processors(), f);
    return r->pool != NULL;
}

static bool open_data(run *r, failure *f)
{
    const train_options *o = r->options;

    if (!run_read_data(r, threads_of(r), f)) {
        return false;
    }
    if (o->clusters == NULL) {
        return true;
    }
    if (!clusters_open(&r->clusters, o->clusters, r->data.count, f)) {
        return false;
    }
    r->ids = clusters_ids_json(&r->clusters);
    r->freq = clusters_images_json(&r->clusters);
    return (r->ids != NULL && r->freq != NULL) || failed(f, "out of memory");
}

/* The weights of another network, as far as they fit. */
static bool transfer(run *r, failure *f)
{
    cg_error error = {""};
    cg_file *from = cg_open(r->options->transfer, &error);
    int taken = from == NULL ? -1
                             : model_file_take(r->model, from, "", false, f);

    if (from == NULL) {
        return failed(f, "%s", error.text);
    }
    cg_close(from);
    return taken > 0 ||
           failed(f, "%s: none of its tensors fits the network; wanted one "
                     "of the same --arch, --cbase and --cres",
                  r->options->transfer);
}

static bool check_config(const run *r, const cg_file *state, failure *f)
{
    const char *config = cg_find_metadata(state, "cedm.config");

    return (config != NULL && strcmp(config, r->config) == 0) ||
           failed(f, "%s: the run has another network; wanted %s, got %s; "
                     "give the options and data that it began with",
                  state->path, config == NULL ? "one" : config, r->config);
}

static bool open_model(run *r, const cg_file *state, failure *f)
{
    const train_options *o = r->options;

    r->config = train_options_config(o, r->data.size, r->data.channels,
                                     r->clusters.used);
    if (r->config == NULL) {
        return failed(f, "out of memory");
    }
    r->model = model_file_new(r->config, o->seed, f);
    if (r->model == NULL) {
        return false;
    }
    if (state != NULL) {
        return check_config(r, state, f) &&
               model_file_take(r->model, state, "net.", true, f) >= 0;
    }
    return o->transfer == NULL || ranks_rank() != 0 || transfer(r, f);
}

/* The batch itself, or its largest divisor that is no larger than a limit. */
static uint32_t micro_batch(uint32_t whole)
{
    uint32_t d = whole < MICRO_LIMIT ? whole : MICRO_LIMIT;

    while (whole % d != 0) {
        d--;
    }
    return d;
}

/* Every rank has as many images of an update, in whole evaluations. */
static bool check_batch(const train_options *o, failure *f)
{
    uint32_t ranks = ranks_size();

    if (o->batch % ranks != 0) {
        return bad_usage(f, "--batch: wanted a multiple of the ranks, %u, "
                            "got %u", ranks, o->batch);
    }
    if (o->micro_batch != 0 && o->batch / ranks % o->micro_batch != 0) {
        return bad_usage(f, "--micro-batch: wanted a divisor of the batch of "
                            "a rank, %u, got %u", o->batch / ranks,
                         o->micro_batch);
    }
    return true;
}

/* A process takes the device of its rank among those of the machine. */
static bool choose_device(run *r, failure *f)
{
    const train_options *o = r->options;
    shard place = SHARD_WHOLE;

    r->device = o->device;
    r->library.file = LEARNER_CUDA_FILE;
    if (r->device.kind != DEVICE_CPU && !shard_from_environment(&place, f)) {
        return false;
    }
    if (!device_choose(&r->device, o->precision, place.local, &r->library,
                       f)) {
        return false;
    }
    r->precision = o->precision != PRECISION_AUTO
                       ? (enum cedm_cuda_precision)o->precision
                   : r->device.kind == DEVICE_CUDA ? CEDM_CUDA_FP16
                                                   : CEDM_CUDA_FP32;
    return true;
}

static learner *learner_on_cpu(const run *r, uint32_t threads, failure *f)
{
    const train_options *o = r->options;
    bool fixed = o->micro_batch != 0;

    return learner_cpu_open(
        model_file_get(r->model),
        &(train_net_options){
            .batch = fixed ? o->micro_batch
                           : micro_batch(o->batch / ranks_size()),
            .limit = fixed ? 0 : ARENA_LIMIT,
            .workers = threads,
            .dropout = o->dropout > 0.0,
            .isa = CEDM_ISA_ALL,
            .parallel_for = pool_for,
            .pool = r->pool},
        f);
}

static learner *learner_on_gpu(const run *r, failure *f)
{
    const train_options *o = r->options;
    uint32_t images = o->batch / ranks_size();
    bool fixed = o->micro_batch != 0;

    return learner_cuda_open(
        model_file_get(r->model),
        &(learner_cuda_options){
            .library = &r->library,
            .device = r->device.index[0],
            .precision = r->precision,
            .images = images,
            .batch = fixed ? o->micro_batch : images,
            .fixed = fixed,
            .share = 1.0 / o->batch,
            .dropout = (float)o->dropout,
            .seed = o->seed},
        f);
}

static bool open_learner(run *r, failure *f)
{
    const train_options *o = r->options;
    uint32_t threads = threads_of(r);

    if (!check_batch(o, f) || !choose_device(r, f)) {
        return false;
    }
    r->learner = r->device.kind == DEVICE_CUDA ? learner_on_gpu(r, f)
                                               : learner_on_cpu(r, threads, f);
    if (r->learner == NULL) {
        return false;
    }
    r->ema_ramp = o->transfer == NULL;
    r->recipe = train_options_recipe(o, r->precision);
    r->source = (batch_source){.data = &r->data, .clusters = &r->clusters,
                               .seed = o->seed, .xflip = o->xflip,
                               .augment = o->augment,
                               .p_uncond = o->p_uncond,
                               .parallel_for = pool_for, .pool = r->pool,
                               .workers = threads};
    return (r->recipe != NULL || failed(f, "out of memory")) &&
           batch_open(&r->batch, &r->source, r->learner->batch, f);
}

static bool write_options(const run *r, failure *f)
{
    size_t size = strlen(r->config) + strlen(r->recipe) + 64;
    char path[4096], *text = malloc(size);
    bool good;

    if (text == NULL) {
        return failed(f, "out of memory");
    }
    (void)snprintf(path, sizeof path, "%s/options.json", r->options->out);
    (void)snprintf(text, size, "{\"network\":%s,\"recipe\":%s}\n",
                   r->config, r->recipe);
    good = output_file(path, text, strlen(text), f);
    free(text);
    return good;
}

/* The state to go on with, NULL for a new run; a folder that has one already
 * is not begun anew. */
static bool find_state(const run *r, cg_file **state, failure *f)
{
    const train_options *o = r->options;
    char *path = NULL;
    cg_error error = {""};
    bool good = true;

    *state = NULL;
    if (o->out != NULL && !run_newest_state(o->out, &path, f)) {
        return false;
    }
    if (o->resume && path == NULL) {
        good = failed(f, "%s: nothing to resume; wanted a file state-NNN."
                         "safetensors", o->out);
    } else if (!o->resume && path != NULL && !o->dry_run) {
        good = failed(f, "%s: belongs to a run already; give --resume or "
                         "another --out", path);
    } else if (o->resume) {
        *state = cg_open(path, &error);
        good = *state != NULL || failed(f, "%s", error.text);
    }
    free(path);
    return good;
}

static bool open_all(run *r, const cg_file *state, failure *f)
{
    return open_pool(r, f) && open_data(r, f) && open_model(r, state, f) &&
           open_learner(r, f) &&
           (state == NULL || run_restore(r, state, f));
}

static bool begin_files(const run *r, failure *f)
{
    return output_directory(r->options->out, f) && write_options(r, f) &&
           run_cut_stats(r, f);
}

bool run_open(run *r, const train_options *options, failure *f)
{
    bool first = ranks_rank() == 0, good;
    cg_file *state = NULL;

    *r = (run){.options = options};
    good = (!first || find_state(r, &state, f)) && open_all(r, state, f);
    cg_close(state);
    if (!run_agree(good, f)) {
        return false;
    }
    return run_share(r, f) &&
           run_agree(!first || options->dry_run || begin_files(r, f), f);
}

void run_close(run *r)
{
    batch_close(&r->batch);
    if (r->learner != NULL) {
        r->learner->kind->close(r->learner);
    }
    cuda_library_close(&r->library);
    model_file_free(r->model);
    pool_close(r->pool);
    clusters_close(&r->clusters);
    host_dataset_close(&r->data);
    free(r->config);
    free(r->recipe);
    free(r->ids);
    free(r->freq);
}
