/* SPDX-License-Identifier: MIT
 *
 * cedm-embed.c - features of a data set's images, by a frozen model. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/cli/signals.h"
#include "host/files/output.h"
#include "tools/embed/embed_about.h"
#include "tools/embed/embed_rows.h"

/* Everything of one run, for one way out. */
typedef struct run {
    embed_options options;
    host_image_features source;
    host_dataset_source from;
    host_image_stream images;
    char *recipe;
    embed_rows rows;
    uint8_t *batch;  /* images */
    float *features; /* of a batch */
} run;

static volatile sig_atomic_t interrupted;

/* The whole of an encoder gives the features: there is nothing to choose. */
static bool open_model(run *r, host_failure *f)
{
    const embed_options *o = &r->options;
    const host_image_features_config config = {
        o->model,
        {o->isa, (uint32_t)o->batch, (uint32_t)o->threads},
        {o->module, o->sigma, (uint32_t)o->pool},
        o->seed,
        false};
    if (!host_image_features_open(&r->source, &config, f)) {
        return false;
    }
    return o->denoiser_only == NULL ||
           r->source.model.code->encoder == NULL ||
           host_bad_usage(f,
                          "--%s: is for models that denoise; %s "
                          "encodes images",
                          o->denoiser_only, r->source.model.label);
}

static bool open_images(run *r, host_failure *f)
{
    const host_image_features *s = &r->source;
    r->from = (host_dataset_source){r->options.data,   s->size,
                                    s->engine.threads, host_pool_for,
                                    s->engine.pool,    true};
    return host_image_stream_open(&r->images, &r->from, s->channels, f);
}

static bool take_buffers(run *r, host_failure *f)
{
    const host_image_features *s = &r->source;
    r->batch =
        calloc(s->engine.batch, (size_t)s->size * s->size * s->channels);
    r->features = calloc(s->engine.batch, s->width * sizeof *r->features);
    return (r->batch != NULL && r->features != NULL) ||
           host_fail(f, "out of memory for a batch of %u images",
                     s->engine.batch);
}

/* This process's rows, from the first that is not there yet. */
static bool open_rows(run *r, host_failure *f)
{
    const embed_rows_shape shape = {r->images.total, r->source.width};
    r->recipe = embed_recipe(&r->source, &r->options, &r->images, f);
    if (r->recipe == NULL ||
        !embed_rows_open(&r->rows, r->options.out, r->recipe,
                         &r->options.shard, &shape, f)) {
        return false;
    }
    const embed_rows *rows = &r->rows;
    if (rows->done > 0) {
        fprintf(stderr,
                "cedm-embed: %s: goes on after %" PRIu64 " of %" PRIu64
                " images\n",
                r->options.out, rows->done, rows->count);
    }
    host_image_stream_seek(&r->images, rows->first + rows->done);
    return true;
}

static bool next_batch(run *r, host_failure *f)
{
    embed_rows *rows = &r->rows;
    uint64_t left = rows->count - rows->done;
    uint32_t batch = r->source.engine.batch;
    uint32_t n = left < batch ? (uint32_t)left : batch;
    return host_image_stream_read(&r->images, r->batch, n, f) &&
           host_image_features_of(&r->source, r->batch,
                                  rows->first + rows->done, n, r->features,
                                  f) &&
           embed_rows_put(rows, r->features, n, f);
}

static bool stop(run *r, host_failure *f)
{
    if (embed_rows_keep(&r->rows, f)) {
        f->code = HOST_EXIT_INTERRUPTED;
    }
    return false;
}

static bool compute(run *r, host_failure *f)
{
    uint64_t before = r->rows.done, todo = r->rows.count - before;
    double begin = host_seconds();
    host_progress shown;
    bool good = true;
    host_progress_begin(&shown, (host_progress_kind)r->options.progress,
                        todo > 0 ? todo : 1, 1);
    while (good && r->rows.done < r->rows.count) {
        good = interrupted ? stop(r, f) : next_batch(r, f);
        host_progress_show(&shown, r->rows.done - before, 0, 0);
    }
    host_progress_end(&shown);
    if (good && todo > 0) {
        double spent = host_seconds() - begin;
        fprintf(stderr,
                "cedm-embed: %" PRIu64
                " images, %u features of each: %.1f s, "
                "%.0f images/s\n",
                todo, r->source.width, spent, (double)todo / spent);
    }
    return good;
}

static bool finish(run *r, host_failure *f)
{
    const host_shard *s = &r->options.shard;
    char *about = embed_about(r->recipe, &r->options, &r->images, f);
    bool whole = false;
    bool good =
        about != NULL && embed_rows_finish(&r->rows, about, &whole, f);
    free(about);
    if (good && whole) {
        puts(r->options.out);
    } else if (good) {
        fprintf(stderr,
                "cedm-embed: %s: part %u of %u is done; others are not\n",
                r->options.out, s->rank, s->size);
    }
    return good;
}

static bool go(run *r, host_failure *f)
{
    return open_model(r, f) && open_images(r, f) && take_buffers(r, f) &&
           open_rows(r, f) && compute(r, f) && finish(r, f);
}

int main(int argc, char **argv)
{
    static run r; /* holds a cedm_net, which must not move */
    host_failure f = HOST_FAILURE_UNSAID;
    host_signals_begin("cedm-embed");
    host_asked asked = embed_options_parse(&r.options, argc, argv, &f);
    bool good = asked == HOST_ASKED_SHOWN;
    if (asked == HOST_ASKED_RUN) {
        host_signals_catch(&interrupted);
        good = go(&r, &f);
    }
    embed_rows_close(&r.rows);
    free(r.recipe);
    free(r.batch);
    free(r.features);
    host_image_stream_close(&r.images);
    host_image_features_close(&r.source);
    good = good && host_output_standard(&f);
    return good ? HOST_EXIT_DONE : host_failure_report("cedm-embed", &f);
}
