/* SPDX-License-Identifier: MIT
 *
 * cedm-gen.c - draws images from a frozen model. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/cli/signals.h"
#include "host/files/freq.h"
#include "host/files/json_text.h"
#include "host/files/output.h"
#include "host/files/png_text.h"
#include "tools/gen/gen_bench.h"
#include "tools/gen/gen_ids.h"
#include "host/files/json_text.h"
#include "host/files/output.h"
#include "host/files/png_text.h"
#include "tools/gen/gen_bench.h"
#include "tools/gen/gen_name.h"
#include "weights/fashion.h"

extern const unsigned char cedm_fashion_blob[FASHION_BLOB_BYTES];

/* Everything of one run, for one way out. */
typedef struct run {
    gen_options options;
    host_model model;
    gen_job job;
    double *freq;
    char *clusters; /* of --id */
    gen_drawer drawer;
    char name[GEN_NAME_BYTES]; /* of the output, if none was given */
    const char *path;
} run;

static volatile sig_atomic_t interrupted;

/* ---- what to draw ----------------------------------------------------- */

static bool open_model(run *r, host_failure *f)
{
    if (r->options.model != NULL) {
        return host_model_load(&r->model, r->options.model, f) &&
               host_model_is(&r->model, false, f);
    }
    return host_model_adopt(&r->model, &cedm_fashion_model, cedm_fashion_blob,
                            FASHION_BLOB_BYTES, f);
}

/* What the record says and no option does.  The precision counts: other bits
 * would be another image. */
static bool take_record(run *r, host_failure *f)
{
    gen_options *o = &r->options;
    const gen_job *j = &r->job;
    if (o->columns == 0) {
        o->columns = j->columns;
        o->rows = j->rows;
    }
    if (o->precision != HOST_PRECISION_AUTO) {
        return true;
    }
    o->precision = j->precision;
    if (j->pairs && o->isa == NULL) {
        o->isa = HOST_ISA_PAIRS;
    }
    return j->precision == CEDM_CUDA_FP32 ||
           o->device.kind != HOST_DEVICE_CPU ||
           host_fail(
               f,
               "%s: was drawn in %s, which a CPU does not compute in; "
               "--precision fp32 draws it with other bits",
               o->from,
               host_precision_name((enum cedm_cuda_precision)j->precision));
}

static bool job_from_png(run *r, host_failure *f)
{
    const char *path = r->options.from;
    size_t size;
    unsigned char *png = host_input_file(path, SIZE_MAX / 2, &size, f);
    if (png == NULL) {
        return false;
    }
    char *record = host_png_text(png, size, path, f);
    free(png);
    if (record == NULL) {
        return false;
    }
    bool good = gen_job_from_record(&r->job, &r->model, path, record, f);
    free(record);
    return good && take_record(r, f);
}

static bool read_freq(run *r, host_failure *f)
{
    r->job.freq = r->model.freq;
    if (r->options.freq == NULL) {
        return true;
    }
    if (r->job.mode != GEN_JOB_RANDOM) {
        return host_bad_usage(f, "--freq: model %s is unconditional",
                              r->model.code->name);
    }
    r->freq = host_freq_read(r->options.freq,
                             r->model.code->denoiser->label_dim, f);
    r->job.freq = r->freq;
    return r->freq != NULL;
}

/* This process's part of the job. */
static void take_part(run *r)
{
    const host_shard *s = &r->options.shard;
    uint64_t first, count, total = r->job.count;
    host_shard_part(s, total, &first, &count);
    gen_job_keep(&r->job, first, count);
    if (s->size > 1 && strcmp(s->launcher, "--shard") != 0) {
        fprintf(stderr,
                "cedm-gen: %s: part %u of %u, %" PRIu64 " of %" PRIu64
                " images\n",
                s->launcher, s->rank, s->size, count, total);
    }
}

/* Ids become clusters here, where the model is known. */
static bool set_clusters(run *r, host_failure *f)
{
    gen_options *o = &r->options;
    if (o->ids != NULL) {
        r->clusters = gen_ids_to_clusters(&r->model, o->ids, f);
        o->clusters = r->clusters;
        if (r->clusters == NULL) {
            return false;
        }
    }
    if (!gen_job_set_clusters(&r->job, o->clusters, f)) {
        gen_ids_hint(&r->model, f);
        return false;
    }
    return true;
}

static bool make_job(run *r, host_failure *f)
{
    r->job.code = r->model.code;
    r->job.params = r->model.sampler;
    if (r->options.from != NULL) {
        if (!job_from_png(r, f)) {
            return false;
        }
    } else {
        r->job.seeds = r->options.seeds;
        r->options.seeds = (host_args_list){NULL, 0, 0};
        if (!set_clusters(r, f) || !read_freq(r, f) ||
            !gen_job_count(&r->job, f)) {
            return false;
        }
    }
    if (!gen_sampler_apply(&r->options.sampler, r->model.code->denoiser,
                           &r->job.params, f)) {
        return false;
    }
    gen_sampler_say(&r->options.sampler, &r->job.params, stderr);
    return true;
}

/* ---- where it goes ---------------------------------------------------- */

/* After the whole job, so that all parts of it go to one directory. */
static bool choose_path(run *r, host_failure *f)
{
    r->path = r->options.out;
    if (r->path != NULL || r->options.bench) {
        return true;
    }
    gen_name_default(&r->options, &r->job, r->model.data_sha256, r->name);
    r->path = r->name;
    return r->options.force ||
           gen_name_free(&r->job, &r->model, r->name, r->options.columns,
                         r->options.rows, f);
}

/* Cells that no image is in: a grid asked for by mistake, or by a record
 * that was made for it, takes memory and time all the same. */
#define MAX_EMPTY_CELLS 65536u

static bool choose_grid(run *r, host_failure *f)
{
    gen_options *o = &r->options;
    uint64_t count = r->job.count;
    if (o->separate) {
        return gen_name_distinct(&r->job, f);
    }
    if (o->columns == 0) {
        o->columns = r->job.mode == GEN_JOB_ALL
                         ? r->job.seeds.count
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
    config.job = &r->job;
    config.model = &r->model;
    config.isa = r->drawer.isa;
    config.precision = r->drawer.precision;
    config.batch = r->drawer.batch;
    config.format = (gen_sink_format)r->options.format;
    config.separate = r->options.separate;
    config.columns = r->options.columns;
    config.rows = r->options.rows;
    config.path = r->path;
    return gen_sink_open(s, &config, f);
}

/* ---- drawing ---------------------------------------------------------- */

static void print_summary(const run *r, double spent, FILE *stream)
{
    const gen_drawer *d = &r->drawer;
    cJSON *root = cJSON_CreateObject();
    cJSON_AddItemToObject(root, "output", host_json_text(r->path));
    cJSON_AddNumberToObject(root, "images", (double)r->job.count);
    cJSON_AddNumberToObject(root, "seconds", spent);
    cJSON_AddNumberToObject(root, "images_per_second",
                            (double)r->job.count / spent);
    cJSON_AddStringToObject(root, "model", r->model.code->name);
    cJSON_AddStringToObject(root, "data_sha256", r->model.data_sha256);
    cJSON_AddStringToObject(root, "device", d->device);
    cJSON_AddStringToObject(root, "isa", d->isa);
    cJSON_AddStringToObject(root, "precision", d->precision);
    cJSON_AddStringToObject(root, "solver",
                            cedm_solver_describe(r->job.params.solver)->word);
    cJSON_AddNumberToObject(root, "steps", r->job.params.steps);
    cJSON_AddNumberToObject(root, "evaluations",
                            host_sampler_evaluations(&r->job.params));
    cJSON_AddNumberToObject(root, "batch", d->batch);
    cJSON_AddNumberToObject(root, "threads", d->threads);
    cJSON_AddNumberToObject(root, "blob_bytes", (double)r->model.blob_bytes);
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
    if (r->options.json) {
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
                        (host_progress_kind)r->options.progress, &interrupted,
                        f) ||
        !gen_sink_close(&s, f)) {
        gen_sink_abort(&s);
        return false;
    }
    print_result(r, host_seconds() - begin);
    return true;
}

static bool go(run *r, host_failure *f)
{
    if (!open_model(r, f) || !make_job(r, f) || !choose_grid(r, f) ||
        !choose_path(r, f)) {
        return false;
    }
    take_part(r);
    if (r->job.count == 0) {
        return true; /* more processes than images */
    }
    if (!gen_drawer_open(&r->drawer, &r->model, &r->job, &r->options,
                         r->options.shard.local, f)) {
        return false;
    }
    if (r->options.bench) {
        return gen_bench(&r->drawer, r->options.json, f);
    }
    return draw(r, f);
}

int main(int argc, char **argv)
{
    static run r; /* holds a cedm_net, which must not move */
    host_failure f = HOST_FAILURE_UNSAID;
    host_signals_begin("cedm-gen");
    host_asked asked = gen_options_parse(&r.options, argc, argv, &f);
    bool good = asked == HOST_ASKED_SHOWN;
    if (asked == HOST_ASKED_RUN) {
        host_signals_catch(&interrupted);
        good = go(&r, &f);
    }
    gen_drawer_close(&r.drawer);
    gen_job_free(&r.job);
    free(r.freq);
    free(r.clusters);
    host_model_close(&r.model);
    gen_options_free(&r.options);
    good = good && host_output_standard(&f);
    return good ? HOST_EXIT_DONE : host_failure_report("cedm-gen", &f);
}
