/* SPDX-License-Identifier: MIT
 *
 * cedm-embed.c - features of a data set's images, by a frozen model. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/cli/signals.h"
#include "host/execution/image_rows.h"
#include "host/files/output.h"
#include "host/files/spared.h"
#include "tools/embed/embed_about.h"

/* Everything of one run, for one way out. */
typedef struct run {
    embed_options options;
    host_image_rows work;
} run;

static volatile sig_atomic_t interrupted;

/* The whole of an encoder gives the features: there is nothing to choose. */
static bool open_all(run *r, host_failure *f)
{
    const embed_options *o = &r->options;
    const host_model *model = &r->work.source.model;
    const host_image_features_config config = {
        o->model,
        {o->isa, (uint32_t)o->batch, (uint32_t)o->threads},
        {o->module, o->sigma, (uint32_t)o->pool},
        o->seed,
        false};
    const char *const inputs[] = {o->model, o->data};
    if (!host_spared(o->out, inputs, 2, f) ||
        !host_image_rows_open(&r->work, &config, o->data, f)) {
        return false;
    }
    return o->denoiser_only == NULL || model->code->encoder == NULL ||
           host_bad_usage(f,
                          "--%s: is for models that denoise; %s "
                          "encodes images",
                          o->denoiser_only, model->label);
}

/* This process's rows, from the first that is not there yet. */
static bool open_rows(run *r, host_failure *f)
{
    const host_growing *rows = &r->work.rows;
    if (!host_image_rows_begin(&r->work, r->options.out, &r->options.shard,
                               f)) {
        return false;
    }
    if (rows->done > 0) {
        fprintf(stderr,
                "cedm-embed: %s: goes on after %" PRIu64 " of %" PRIu64
                " images\n",
                r->options.out, rows->done, rows->count);
    }
    return true;
}

static bool stop(run *r, host_failure *f)
{
    if (host_growing_keep(&r->work.rows, f)) {
        f->code = HOST_EXIT_INTERRUPTED;
    }
    return false;
}

static bool compute(run *r, host_failure *f)
{
    const host_growing *rows = &r->work.rows;
    uint64_t before = rows->done, todo = rows->count - before;
    double begin = host_seconds();
    host_progress shown;
    bool good = true;
    host_progress_begin(&shown, (host_progress_kind)r->options.progress,
                        todo > 0 ? todo : 1, 1);
    while (good && rows->done < rows->count) {
        good = interrupted ? stop(r, f) : host_image_rows_next(&r->work, f);
        host_progress_show(&shown, rows->done - before, 0, 0);
    }
    host_progress_end(&shown);
    if (good && todo > 0) {
        double spent = host_seconds() - begin;
        fprintf(stderr,
                "cedm-embed: %" PRIu64
                " images, %u features of each: %.1f s, "
                "%.0f images/s\n",
                todo, r->work.source.width, spent, (double)todo / spent);
    }
    return good;
}

static bool finish(run *r, host_failure *f)
{
    const host_shard *s = &r->options.shard;
    char *about =
        embed_about(r->work.recipe, &r->options, &r->work.images, f);
    bool whole = false;
    bool good =
        about != NULL && host_growing_finish(&r->work.rows, about, &whole, f);
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
    return open_all(r, f) && open_rows(r, f) && compute(r, f) && finish(r, f);
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
    host_image_rows_close(&r.work);
    good = good && host_output_standard(&f);
    return good ? HOST_EXIT_DONE : host_failure_report("cedm-embed", &f);
}
