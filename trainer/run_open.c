/* SPDX-License-Identifier: MIT
 *
 * run_open.c - from options to a run that can begin. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/files/ids_source.h"
#include "host/files/output.h"
#include "host/execution/processors.h"
#include "host/execution/agreement.h"
#include "host/execution/ranks.h"
#include "trainer/source_json.h"
#include "trainer/run.h"
#include "trainer/transfer.h"
#include "host/cli/shard.h"

/* Arena of an evaluation where --micro-batch leaves it open. */
#define ARENA_LIMIT ((uint64_t)2 << 30)

/* Images of an evaluation then: more only cost memory. */
#define MICRO_LIMIT 128u

/* --threads, or as many as there are processors. */
static uint32_t threads_of(const train_run *r)
{
    uint32_t threads = r->options->threads;

    return threads != 0 ? threads : host_processors();
}

/* Opened first: data are read by all threads. */
static bool open_pool(train_run *r, host_failure *f)
{
    r->pool = host_pool_open(threads_of(r), host_processors(), f);
    return r->pool != NULL;
}

static bool open_data(train_run *r, host_failure *f)
{
    const train_options *o = r->options;

    if (!train_run_read_data(r, threads_of(r), f)) {
        return false;
    }
    if (o->clusters != NULL) {
        if (!host_clusters_open_for(&r->clusters, o->clusters, &r->data, f) ||
            !host_ids_source(&r->ids_source, o->clusters, f)) {
            return false;
        }
        r->ids = host_clusters_ids_json(&r->clusters);
        r->freq = host_clusters_images_json(&r->clusters);
        if (r->ids == NULL || r->freq == NULL) {
            return host_fail(f, "out of memory");
        }
    }
    /* Only rank 0 writes and restores. */
    r->data_json = host_ranks_rank() == 0
                       ? train_data_json(&r->data, &r->clusters)
                       : NULL;
    return r->data_json != NULL || host_ranks_rank() != 0 ||
           host_fail(f, "out of memory");
}

static bool open_model(train_run *r, const cg_file *state,
                       const cg_file *from, host_failure *f)
{
    const train_options *o = r->options;

    r->config = train_options_config(o, r->data.size, r->data.channels,
                                     r->clusters.used);
    if (r->config == NULL) {
        return host_fail(f, "out of memory");
    }
    r->model = train_model_file_new(r->config, o->seed, f);
    if (r->model == NULL) {
        return false;
    }
    if (state != NULL) {
        return train_run_check_config(r, state, f) &&
               train_model_file_take_all(r->model, state, "net.", f);
    }
    return from == NULL ||
           train_transfer(r->model, from, o->transfer_any, r->transferred,
                          sizeof r->transferred, f);
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
static bool check_batch(const train_options *o, host_failure *f)
{
    uint32_t ranks = host_ranks_size();

    if (o->batch % ranks != 0) {
        return host_bad_usage(f,
                              "--batch: wanted a multiple of the ranks, %u, "
                              "got %u",
                              ranks, o->batch);
    }
    if (o->micro_batch != 0 && o->batch / ranks % o->micro_batch != 0) {
        return host_bad_usage(
            f,
            "--micro-batch: wanted a divisor of the batch of "
            "a rank, %u, got %u",
            o->batch / ranks, o->micro_batch);
    }
    return true;
}

/* A process takes the device of its rank among those of the machine. */
static bool choose_device(train_run *r, host_failure *f)
{
    const train_options *o = r->options;
    host_shard place = HOST_SHARD_WHOLE;

    r->device = o->device;
    r->library.file = TRAIN_LEARNER_CUDA_FILE;
    if (r->device.kind != HOST_DEVICE_CPU &&
        !host_shard_from_environment(&place, f)) {
        return false;
    }
    if (!host_device_choose(&r->device, o->precision, place.local,
                            &r->library, f)) {
        return false;
    }
    r->precision = o->precision != HOST_PRECISION_AUTO
                       ? (enum cedm_cuda_precision)o->precision
                   : r->device.kind == HOST_DEVICE_CUDA ? CEDM_CUDA_FP16
                                                        : CEDM_CUDA_FP32;
    return true;
}

static train_learner *learner_on_cpu(const train_run *r, uint32_t threads,
                                     host_failure *f)
{
    const train_options *o = r->options;
    bool fixed = o->micro_batch != 0;

    return train_learner_cpu_open(
        train_model_file_get(r->model),
        &(train_net_options){
            .batch = fixed ? o->micro_batch
                           : micro_batch(o->batch / host_ranks_size()),
            .limit = fixed ? 0 : ARENA_LIMIT,
            .workers = threads,
            .dropout = o->dropout > 0.0,
            .isa = CEDM_ISA_ALL,
            .parallel_for = host_pool_for,
            .pool = r->pool},
        f);
}

static train_learner *learner_on_gpu(const train_run *r, host_failure *f)
{
    const train_options *o = r->options;
    uint32_t images = o->batch / host_ranks_size();
    bool fixed = o->micro_batch != 0;

    return train_learner_cuda_open(
        train_model_file_get(r->model),
        &(train_learner_cuda_options){.library = &r->library,
                                      .device = r->device.index[0],
                                      .precision = r->precision,
                                      .images = images,
                                      .batch =
                                          fixed ? o->micro_batch : images,
                                      .fixed = fixed,
                                      .share = 1.0 / o->batch,
                                      .dropout = (float)o->dropout,
                                      .seed = o->seed},
        f);
}

/* Only rank 0 writes and restores. */
static bool open_power(train_run *r, host_failure *f)
{
    r->power = (train_power){.parallel_for = host_pool_for, .pool = r->pool};
    if (!r->options->posthoc_ema) {
        return true;
    }
    return host_ranks_rank() != 0 ||
           train_power_open(&r->power, r->learner->training->trained_elements,
                            f);
}

static bool open_learner(train_run *r, host_failure *f)
{
    const train_options *o = r->options;
    uint32_t threads = threads_of(r);

    if (!check_batch(o, f) || !choose_device(r, f)) {
        return false;
    }
    r->learner = r->device.kind == HOST_DEVICE_CUDA
                     ? learner_on_gpu(r, f)
                     : learner_on_cpu(r, threads, f);
    if (r->learner == NULL) {
        return false;
    }
    r->ema_ramp = o->transfer == NULL;
    r->recipe = train_options_recipe(o, r->precision);
    r->source = (train_source){.data = &r->data,
                               .clusters = &r->clusters,
                               .seed = o->seed,
                               .xflip = o->xflip,
                               .augment = o->augment,
                               .p_uncond = o->p_uncond,
                               .parallel_for = host_pool_for,
                               .pool = r->pool,
                               .workers = threads};
    return (r->recipe != NULL || host_fail(f, "out of memory")) &&
           train_loader_open(&r->batch, &r->source, r->learner->batch, f);
}

/* Where a run goes on, or the checkpoint that one begins with; NULL if there is
 * none, and on ranks other than 0. */
static bool open_all(train_run *r, const cg_file *state, const cg_file *from,
                     host_failure *f)
{
    return open_pool(r, f) && open_data(r, f) &&
           open_model(r, state, from, f) && open_learner(r, f) &&
           open_power(r, f) &&
           (state == NULL || train_run_restore(r, state, f)) &&
           (from == NULL || train_run_take_training(r, from, f));
}

static bool open_transfer(const train_run *r, cg_file **from, host_failure *f)
{
    cg_error error = {""};

    if (r->options->transfer == NULL) {
        return true;
    }
    *from = cg_open_training(r->options->transfer, &error);
    return *from != NULL || host_fail(f, "%s", error.text);
}

bool train_run_open(train_run *r, const train_options *options,
                    host_failure *f)
{
    bool first = host_ranks_rank() == 0, good;
    cg_file *state = NULL, *from = NULL;

    *r = (train_run){.options = options, .lock = HOST_LOCK_FREE};
    good = (!first ||
            (train_run_enter(r, f) && train_run_find_state(r, &state, f) &&
             open_transfer(r, &from, f))) &&
           open_all(r, state, from, f);
    cg_close(state);
    cg_close(from);
    if (!host_agree(good, f)) {
        return false;
    }
    return train_run_share(r, f);
}

void train_run_close(train_run *r)
{
    train_loader_close(&r->batch);
    train_power_close(&r->power);
    if (r->learner != NULL) {
        r->learner->kind->close(r->learner);
    }
    host_cuda_library_close(&r->library);
    train_model_file_free(r->model);
    host_pool_close(r->pool);
    host_clusters_close(&r->clusters);
    host_dataset_close(&r->data);
    free(r->config);
    free(r->recipe);
    free(r->ids);
    free(r->freq);
    free(r->ids_source);
    free(r->data_json);
    host_lock_release(&r->lock);
}
