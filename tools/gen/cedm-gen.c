/* SPDX-License-Identifier: MIT
 *
 * cedm-gen.c - draws images from a frozen model. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/cli/signals.h"
#include "host/files/json_text.h"
#include "host/files/output.h"
#include "host/files/spared.h"
#include "tools/gen/gen_bench.h"
#include "tools/gen/gen_fit.h"
#include "tools/gen/gen_name.h"
#include "tools/gen/gen_request.h"
#include "weights/fashion.h"

extern const unsigned char cedm_fashion_blob[FASHION_BLOB_BYTES];

/* Everything of one run, for one way out. */
typedef struct run {
    gen_request ask;
    gen_drawer drawer;
    char name[GEN_NAME_BYTES]; /* of the output, if none was given */
    const char *path;
} run;

static volatile sig_atomic_t interrupted;

/* ---- what to draw ----------------------------------------------------- */

static bool open_model(run *r, host_failure *f)
{
    if (r->ask.options.model != NULL) {
        return host_model_load(&r->ask.model, r->ask.options.model, f) &&
               host_model_is(&r->ask.model, false, f);
    }
    return host_model_adopt(&r->ask.model, &cedm_fashion_model,
                            cedm_fashion_blob, FASHION_BLOB_BYTES, f);
}

/* This process's part of the job. */
static void take_part(run *r)
{
    const host_shard *s = &r->ask.options.shard;
    uint64_t first, count, total = r->ask.job.count;
    host_shard_part(s, total, &first, &count);
    gen_job_keep(&r->ask.job, first, count);
    if (s->size > 1 && strcmp(s->launcher, "--shard") != 0) {
        fprintf(stderr,
                "cedm-gen: %s: part %u of %u, %" PRIu64 " of %" PRIu64
                " images\n",
                s->launcher, s->rank, s->size, count, total);
    }
}

/* ---- where it goes ---------------------------------------------------- */

static bool spares_inputs(const gen_options *o, const char *path,
                          host_failure *f)
{
    const char *const inputs[] = {
        o->model, o->guide,         o->init,         o->mask,        o->from,
        o->freq,  o->like.pictures, o->like.encoder, o->like.centres};
    return host_spared(path, inputs, sizeof inputs / sizeof inputs[0], f);
}

/* After the whole job, so that all parts of it go to one directory. */
static bool choose_path(run *r, host_failure *f)
{
    r->path = r->ask.options.out;
    if (r->path != NULL || r->ask.options.bench || r->ask.options.fit) {
        return true;
    }
    gen_name_default(&r->ask.options, &r->ask.job, r->ask.model.data_sha256,
                     r->name);
    r->path = r->name;
    return r->ask.options.force
               ? spares_inputs(&r->ask.options, r->path, f)
               : gen_name_free(&r->ask.job, &r->ask.model, r->name,
                               r->ask.options.columns, r->ask.options.rows,
                               f);
}

/* Cells that no image is in: a grid asked for by mistake, or by a record
 * that was made for it, takes memory and time all the same. */
#define MAX_EMPTY_CELLS 65536u

static bool choose_grid(run *r, host_failure *f)
{
    gen_options *o = &r->ask.options;
    uint64_t count = r->ask.job.count;
    if (o->separate) {
        return gen_name_distinct(&r->ask.job, f);
    }
    if (o->columns == 0) {
        o->columns = r->ask.job.mode == GEN_JOB_ALL ? r->ask.job.seeds.count
                     : r->ask.job.mode == GEN_JOB_MIX
                         ? r->ask.job.conditions.mix_steps
                         : (uint64_t)ceil(sqrt((double)count));
    }
    uint64_t needed = count / o->columns + (count % o->columns != 0);
    if (o->rows == 0) {
        o->rows = needed;
    }
    if (o->rows < needed) {
        return host_bad_usage(f,
                              "--grid: %" PRIu64 "x%" PRIu64
                              " has no room for %" PRIu64 " images",
                              o->columns, o->rows, count);
    }
    return (o->rows <= UINT64_MAX / o->columns &&
            o->rows * o->columns - count <= MAX_EMPTY_CELLS) ||
           host_fail(f,
                     "a grid of %" PRIu64 "x%" PRIu64 " for %" PRIu64
                     " images; wanted at most %u empty cells",
                     o->columns, o->rows, count, MAX_EMPTY_CELLS);
}

static bool open_sink(run *r, gen_sink *s, host_failure *f)
{
    gen_sink_config config;
    memset(&config, 0, sizeof config);
    config.job = &r->ask.job;
    config.model = &r->ask.model;
    config.isa = r->drawer.isa;
    config.precision = r->drawer.precision;
    config.batch = r->drawer.batch;
    config.gpu = r->drawer.threads == 0;
    config.format = (gen_sink_format)r->ask.options.format;
    config.separate = r->ask.options.separate;
    config.columns = r->ask.options.columns;
    config.rows = r->ask.options.rows;
    config.path = r->path;
    return gen_sink_open(s, &config, f);
}

/* ---- drawing ---------------------------------------------------------- */

static void print_summary(const run *r, double spent, FILE *stream)
{
    const gen_drawer *d = &r->drawer;
    cJSON *root = cJSON_CreateObject();
    cJSON_AddItemToObject(root, "output", host_json_text(r->path));
    cJSON_AddNumberToObject(root, "images", (double)r->ask.job.count);
    cJSON_AddNumberToObject(root, "seconds", spent);
    cJSON_AddNumberToObject(root, "images_per_second",
                            (double)r->ask.job.count / spent);
    cJSON_AddStringToObject(root, "model", r->ask.model.code->name);
    cJSON_AddStringToObject(root, "data_sha256", r->ask.model.data_sha256);
    cJSON_AddStringToObject(root, "device", d->device);
    cJSON_AddStringToObject(root, "isa", d->isa);
    cJSON_AddStringToObject(root, "precision", d->precision);
    cJSON_AddStringToObject(
        root, "solver", cedm_solver_describe(r->ask.job.params.solver)->word);
    cJSON_AddNumberToObject(root, "steps", r->ask.job.params.steps);
    cJSON_AddNumberToObject(root, "evaluations",
                            gen_job_evaluations(&r->ask.job));
    if (r->ask.guide.code != NULL) {
        cJSON_AddStringToObject(root, "guide", r->ask.guide.code->name);
    }
    cJSON_AddNumberToObject(root, "batch", d->batch);
    cJSON_AddNumberToObject(root, "threads", d->threads);
    cJSON_AddNumberToObject(root, "blob_bytes",
                            (double)r->ask.model.blob_bytes);
    cJSON_AddNumberToObject(root, "weights_bytes", (double)d->weights_bytes);
    cJSON_AddNumberToObject(root, "arena_bytes", (double)d->arena_bytes);
    char *text = cJSON_PrintUnformatted(root);
    fprintf(stream, "%s\n", text != NULL ? text : "{}");
    free(text);
    cJSON_Delete(root);
}

/* Nothing goes to standard output where the image itself goes there. */
static void print_result(const run *r, double spent)
{
    bool taken = host_target_is_output(r->path);
    if (r->ask.options.json) {
        print_summary(r, spent, taken ? stderr : stdout);
    } else if (!taken) {
        puts(r->path);
    }
}

static bool draw(run *r, host_failure *f)
{
    gen_sink s;
    if (!open_sink(r, &s, f)) {
        return false;
    }
    double begin = host_seconds();
    if (!gen_drawer_run(&r->drawer, &s,
                        (host_progress_kind)r->ask.options.progress,
                        &interrupted, f) ||
        !gen_sink_close(&s, f)) {
        gen_sink_abort(&s);
        return false;
    }
    print_result(r, host_seconds() - begin);
    return true;
}

static bool go(run *r, host_failure *f)
{
    if (!spares_inputs(&r->ask.options, r->ask.options.out, f) ||
        !open_model(r, f) || !gen_request_make(&r->ask, f) ||
        !choose_grid(r, f) || !choose_path(r, f)) {
        return false;
    }
    take_part(r);
    if (r->ask.job.count == 0) {
        return true; /* more processes than images */
    }
    const host_model *guide =
        r->ask.guide.code != NULL ? &r->ask.guide : NULL;
    if (!gen_drawer_open(&r->drawer, &r->ask.model, guide, &r->ask.job,
                         &r->ask.options, r->ask.options.shard.local, f)) {
        return false;
    }
    if (r->ask.options.fit) {
        return gen_fit(&r->drawer, r->ask.options.json, &interrupted, f);
    }
    if (r->ask.options.bench) {
        return gen_bench(&r->drawer, r->ask.options.json, f);
    }
    return draw(r, f);
}

int main(int argc, char **argv)
{
    static run r; /* holds a cedm_net, which must not move */
    host_failure f = HOST_FAILURE_UNSAID;
    host_signals_begin("cedm-gen");
    host_asked asked = gen_options_parse(&r.ask.options, argc, argv, &f);
    bool good = asked == HOST_ASKED_SHOWN;
    if (asked == HOST_ASKED_RUN) {
        host_signals_catch(&interrupted);
        good = go(&r, &f);
    }
    gen_drawer_close(&r.drawer);
    gen_request_free(&r.ask);
    good = good && host_output_standard(&f);
    return good ? HOST_EXIT_DONE : host_failure_report("cedm-gen", &f);
}
