/* SPDX-License-Identifier: MIT
 *
 * cedm-gen.c - draws images from a frozen model. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "fashion.h"
#include "freq.h"
#include "gen_bench.h"
#include "gen_options.h"

#define DEFAULT_BATCH 16u

extern const unsigned char cedm_fashion_blob[FASHION_BLOB_BYTES];

/* Everything of one run, for one way out. */
typedef struct run {
    gen_options options;
    model model;
    job job;
    double *freq;
    engine engine;
    char name[256]; /* of the output, if none was given */
    const char *path;
} run;

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

static void catch_signals(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    action.sa_flags = (int)SA_RESETHAND; /* a second Ctrl-C ends at once */
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* ---- what to draw ----------------------------------------------------- */

static bool open_model(run *r, failure *f)
{
    if (r->options.model != NULL) {
        return model_load(&r->model, r->options.model, f);
    }
    return model_adopt(&r->model, &cedm_fashion_model, cedm_fashion_blob,
                       FASHION_BLOB_BYTES, f);
}

static bool job_from_png(run *r, failure *f)
{
    const char *path = r->options.from;
    size_t size;
    unsigned char *png = input_file(path, SIZE_MAX / 2, &size, f);
    if (png == NULL) {
        return false;
    }
    char *record = png_file_text(png, size, path, f);
    free(png);
    if (record == NULL) {
        return false;
    }
    bool good = job_from_record(&r->job, &r->model, path, record, f);
    free(record);
    if (good && r->options.columns == 0) {
        r->options.columns = r->job.columns;
    }
    return good;
}

static bool read_freq(run *r, failure *f)
{
    r->job.freq = r->model.freq;
    if (r->options.freq == NULL) {
        return true;
    }
    if (r->job.mode != JOB_RANDOM) {
        return bad_usage(f, "--freq: model %s is unconditional",
                         r->model.code->name);
    }
    r->freq = freq_read(r->options.freq, r->model.code->label_dim, f);
    r->job.freq = r->freq;
    return r->freq != NULL;
}

static bool make_job(run *r, failure *f)
{
    r->job.code = r->model.code;
    r->job.params = model_sampler(&r->model);
    if (r->options.from != NULL) {
        if (!job_from_png(r, f)) {
            return false;
        }
    } else {
        r->job.seeds = r->options.seeds;
        r->options.seeds = (args_list){NULL, 0, 0};
        if (!job_set_clusters(&r->job, r->options.clusters, f) ||
            !read_freq(r, f) || !job_count(&r->job, f)) {
            return false;
        }
    }
    return gen_options_sampler(&r->options, &r->job.params, f);
}

/* ---- where it goes ---------------------------------------------------- */

static bool choose_grid(run *r, failure *f)
{
    gen_options *o = &r->options;
    uint64_t count = r->job.count;
    if (o->separate) {
        return !args_list_repeats(&r->job.seeds) ||
               bad_usage(f, "--grid none: a seed is given twice and would "
                            "overwrite its file");
    }
    if (o->columns == 0) {
        o->columns = r->job.mode == JOB_ALL
                         ? r->job.seeds.count
                         : (uint64_t)ceil(sqrt((double)count));
    }
    uint64_t needed = count / o->columns + (count % o->columns != 0);
    if (o->rows == 0) {
        o->rows = needed;
    }
    return o->rows >= needed ||
           bad_usage(f,
                     "--grid: %" PRIu64 "x%" PRIu64 " has no room for %" PRIu64
                     " images",
                     o->columns, o->rows, count);
}

static bool open_sink(run *r, sink *s, failure *f)
{
    sink_config config;
    memset(&config, 0, sizeof config);
    config.job = &r->job;
    config.model = &r->model;
    config.isa = r->engine.backend->name;
    config.batch = r->engine.batch;
    config.format = (sink_format)r->options.format;
    config.separate = r->options.separate;
    config.columns = r->options.columns;
    config.rows = r->options.rows;
    config.path = r->path;
    return sink_open(s, &config, f);
}

/* ---- drawing ---------------------------------------------------------- */

typedef struct buffers {
    uint64_t *seeds;
    int32_t *clusters;
    uint8_t *images;
} buffers;

static bool take_buffers(const run *r, buffers *b, failure *f)
{
    const cedm_model *code = r->model.code;
    size_t batch = r->engine.batch;
    b->seeds = malloc(batch * sizeof *b->seeds);
    b->clusters = malloc(batch * sizeof *b->clusters);
    b->images =
        malloc(batch * code->resolution * code->resolution * code->channels);
    return (b->seeds != NULL && b->clusters != NULL && b->images != NULL) ||
           failed(f, "out of memory for a batch of %zu images", batch);
}

static void free_buffers(buffers *b)
{
    free(b->seeds);
    free(b->clusters);
    free(b->images);
}

static bool draw_batch(run *r, const buffers *b, uint64_t first, uint32_t n,
                       progress *p, failure *f)
{
    for (uint32_t i = 0; i < n; i++) {
        b->seeds[i] = job_seed(&r->job, first + i);
        b->clusters[i] = job_cluster(&r->job, first + i);
    }
    cedm_sampler sampler;
    cedm_status status = cedm_sample_begin(
        &sampler, &r->engine.net, &r->job.params, b->seeds, b->clusters, n);
    for (uint32_t step = 1; status >= CEDM_OK; step++) {
        status = cedm_sample_step(&sampler);
        progress_show(p, first, n, step);
        if (interrupted) {
            f->code = EXIT_INTERRUPTED;
            return false;
        }
        if (status == CEDM_OK) {
            break;
        }
    }
    if (status == CEDM_OK) {
        status = cedm_sample_images(&sampler, b->images);
    }
    return status == CEDM_OK || failed(f, "images %" PRIu64 " and on: %s",
                                       first, cedm_status_text(status));
}

static bool draw_all(run *r, sink *s, const buffers *b, failure *f)
{
    progress p;
    progress_begin(&p, (progress_kind)r->options.progress, r->job.count,
                   r->job.params.steps);
    if (p.kind == PROGRESS_BAR) {
        engine_print(&r->engine, stderr);
    }
    uint32_t batch = r->engine.batch;
    bool good = true;
    for (uint64_t first = 0; good && first < r->job.count;) {
        uint64_t left = r->job.count - first;
        uint32_t n = left < batch ? (uint32_t)left : batch;
        good = draw_batch(r, b, first, n, &p, f) &&
               sink_put(s, first, n, b->images, f);
        first += n;
    }
    progress_end(&p);
    return good;
}

static void print_result(const run *r, double spent)
{
    if (!r->options.json) {
        puts(r->path);
        return;
    }
    const engine *e = &r->engine;
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "output", r->path);
    cJSON_AddNumberToObject(root, "images", (double)r->job.count);
    cJSON_AddNumberToObject(root, "seconds", spent);
    cJSON_AddNumberToObject(root, "images_per_second",
                            (double)r->job.count / spent);
    cJSON_AddStringToObject(root, "model", r->model.code->name);
    cJSON_AddStringToObject(root, "data_sha256", r->model.data_sha256);
    cJSON_AddStringToObject(root, "device", "cpu");
    cJSON_AddStringToObject(root, "isa", e->backend->name);
    cJSON_AddStringToObject(root, "precision", "fp32");
    cJSON_AddNumberToObject(root, "steps", r->job.params.steps);
    cJSON_AddNumberToObject(root, "batch", e->batch);
    cJSON_AddNumberToObject(root, "threads", e->threads);
    cJSON_AddNumberToObject(root, "blob_bytes", (double)r->model.blob_bytes);
    cJSON_AddNumberToObject(root, "weights_bytes", (double)e->weights_bytes);
    cJSON_AddNumberToObject(root, "arena_bytes", (double)e->arena_bytes);
    char *text = cJSON_PrintUnformatted(root);
    puts(text != NULL ? text : "{}");
    free(text);
    cJSON_Delete(root);
}

static bool draw(run *r, failure *f)
{
    r->path = r->options.out;
    if (r->path == NULL) {
        gen_options_name(&r->options, &r->job, r->name, sizeof r->name);
        r->path = r->name;
    }
    sink s;
    buffers b = {NULL, NULL, NULL};
    if (!take_buffers(r, &b, f) || !open_sink(r, &s, f)) {
        free_buffers(&b);
        return false;
    }
    double begin = seconds();
    bool good = draw_all(r, &s, &b, f) && sink_close(&s, f);
    free_buffers(&b);
    if (!good) {
        sink_abort(&s);
        return false;
    }
    print_result(r, seconds() - begin);
    return true;
}

static bool go(run *r, failure *f)
{
    if (!open_model(r, f) || !make_job(r, f) || !choose_grid(r, f)) {
        return false;
    }
    uint64_t batch = r->options.batch > 0 ? r->options.batch : DEFAULT_BATCH;
    engine_config config = {r->options.isa, (uint32_t)batch,
                            (uint32_t)r->options.threads};
    if (r->job.count < config.batch) {
        config.batch = (uint32_t)r->job.count;
    }
    if (!engine_open(&r->engine, &r->model, &config, f)) {
        return false;
    }
    if (r->options.bench) {
        return gen_bench(&r->engine, &r->job, r->options.json, f);
    }
    return draw(r, f);
}

int main(int argc, char **argv)
{
    static run r; /* holds a cedm_net, which must not move */
    failure f = FAILURE_UNSAID;
    bool good = gen_options_parse(&r.options, argc, argv, &f);
    if (good && !r.options.help && !r.options.version) {
        catch_signals();
        good = go(&r, &f);
    }
    engine_close(&r.engine);
    job_free(&r.job);
    free(r.freq);
    model_close(&r.model);
    gen_options_free(&r.options);
    if (good && (fflush(stdout) != 0 || ferror(stdout))) {
        good = failed(&f, "standard output cannot be written: %s",
                      strerror(errno));
    }
    return good ? EXIT_DONE : failure_report("cedm-gen", &f);
}
