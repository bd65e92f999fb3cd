/* SPDX-License-Identifier: MIT
 *
 * net.c - time of one evaluation of a whole network, and of its ops by
 * kind.
 *
 *     build/bench/net                             the demo model
 *     build/bench/net M.so [BATCH [THREADS [BACKEND]]]
 *
 * (BACKEND as cedm-gen's --isa.)  A sample is one cedm_denoise or cedm_encode
 * of a full batch: time of the thread if there is one, else wall-clock time,
 * which other programs lengthen; images/s are evaluations of an image.  A
 * second round of samples puts a table that takes times between the network and
 * its backend: ms there are means per evaluation, G/s counts a multiply-add
 * as two and an up-sampling convolution in full. */
#include <inttypes.h>
#include <stdint.h>

#include "bench/bench.h"
#include "host/execution/engine.h"
#include "host/execution/processors.h"
#include "weights/fashion.h"
#include "bench/work.h"

extern const unsigned char cedm_fashion_blob[FASHION_BLOB_BYTES];

/* ---- a table that takes times ------------------------------------------ */

enum kind {
#define KIND(name) KIND_##name,
    CEDM_GRAPH_OPS(KIND) CEDM_SAMPLER_OPS(KIND)
#undef KIND
        KINDS
};

static const char *const kind_names[KINDS] = {
#define NAME(name) #name,
    CEDM_GRAPH_OPS(NAME) CEDM_SAMPLER_OPS(NAME)
#undef NAME
};

static struct {
    const cedm_ops *inner;
    const cedm_sampler_ops *sampler;
    clockid_t clock;
    double seconds[KINDS], flop[KINDS];
    uint64_t calls[KINDS];
} timed;

#define TIMED(name, type, table)                                             \
    static void timed_##name(type *ctx, const cedm_##name *op)               \
    {                                                                        \
        double start = bench_now(timed.clock);                               \
                                                                             \
        timed.table->name(ctx, op);                                          \
        timed.seconds[KIND_##name] += bench_now(timed.clock) - start;        \
        timed.flop[KIND_##name] += WORK_OF(op);                              \
        timed.calls[KIND_##name]++;                                          \
    }
#define TIMED_GRAPH(name) TIMED(name, void, inner)
#define TIMED_SAMPLER(name) TIMED(name, cedm_exec, sampler)
CEDM_GRAPH_OPS(TIMED_GRAPH)
CEDM_SAMPLER_OPS(TIMED_SAMPLER)
#undef TIMED

#define TIMED(name) .name = timed_##name,
static const cedm_ops timed_ops = {CEDM_GRAPH_OPS(TIMED)};
static const cedm_sampler_ops timed_sampler = {CEDM_SAMPLER_OPS(TIMED)};
#undef TIMED

/* ---- an evaluation ----------------------------------------------------- */

typedef struct evaluation {
    host_engine *engine;
    cedm_real *x, *out, *sigma;
    int32_t *cluster;
    uint8_t *images; /* of an encoder, which has none of the others */
    float *features;
} evaluation;

static void *array(size_t count, size_t size)
{
    void *memory = calloc(count, size);

    if (memory == NULL) {
        fprintf(stderr, "net: out of memory\n");
        exit(1);
    }
    return memory;
}

static evaluation encoding_of(host_engine *e)
{
    const cedm_encoder *encoder = e->model->code->encoder;
    size_t image =
        (size_t)encoder->height * encoder->width * encoder->channels;
    evaluation v = {
        .engine = e,
        .images = array(e->batch * image, 1),
        .features =
            array(e->batch * (size_t)encoder->features, sizeof(float)),
    };

    for (size_t i = 0; i < e->batch * image; i++) {
        v.images[i] = (uint8_t)(i * 2654435761u >> 8);
    }
    return v;
}

static evaluation evaluation_of(host_engine *e)
{
    const cedm_model *code = e->model->code;

    if (code->encoder != NULL) {
        return encoding_of(e);
    }
    const cedm_denoiser *d = code->denoiser;
    size_t map = (size_t)d->resolution * d->resolution * d->channels;
    evaluation v = {
        .engine = e,
        .x = array(e->batch * map, sizeof(cedm_real)),
        .out = array(e->batch * map, sizeof(cedm_real)),
        .sigma = array(e->batch, sizeof(cedm_real)),
        .cluster = array(e->batch, sizeof(int32_t)),
    };

    for (size_t i = 0; i < e->batch * map; i++) {
        v.x[i] = (cedm_real)(i * 2654435761u % 1000) / 500 - 1;
    }
    for (uint32_t i = 0; i < e->batch; i++) {
        v.sigma[i] = (cedm_real)1;
        v.cluster[i] = code->denoiser->label_dim != 0
                           ? (int32_t)(i % code->denoiser->label_dim)
                           : -1;
    }
    return v;
}

static void evaluate(void *arg)
{
    const evaluation *v = arg;
    cedm_net *net = &v->engine->net;
    uint32_t n = v->engine->batch;
    cedm_status status =
        v->images != NULL
            ? cedm_encode(net, v->images, n, v->features)
            : cedm_denoise(net, v->x, v->sigma, v->cluster, n, v->out);

    if (status != CEDM_OK) {
        fprintf(stderr, "net: %s\n", cedm_status_text(status));
        exit(1);
    }
}

/* ---- the tables -------------------------------------------------------- */

static void print_head(void)
{
    printf("%-10s, %-9s, %5s, %7s, %-10s, %6s, %10s, %10s, %8s, %9s\n",
           "model", "backend", "batch", "threads", "what", "calls",
           "median ms", "min ms", "G/s", "images/s");
}

static void print_start(const host_engine *e, const char *what)
{
    printf("%-10s, %-9s, %5" PRIu32 ", %7" PRIu32 ", %-10s, ",
           e->model->code->name, e->backend->name, e->batch, e->threads,
           what);
}

static void print_kinds(const host_engine *e, size_t evaluations)
{
    for (int k = 0; k < KINDS; k++) {
        double ms = timed.seconds[k] * 1e3 / (double)evaluations;
        double rate = timed.flop[k] * e->batch / timed.seconds[k] * 1e-9;

        if (timed.calls[k] == 0) {
            continue;
        }
        print_start(e, kind_names[k]);
        printf("%6" PRIu64 ", %10.3f, %10s, %8.2f, %9s\n",
               timed.calls[k] / evaluations, ms, "-", rate, "-");
    }
}

static double total_flop(void)
{
    double flop = 0.0;

    for (int k = 0; k < KINDS; k++) {
        flop += timed.flop[k];
    }
    return flop;
}

static void bench_engine(host_engine *e)
{
    evaluation v = evaluation_of(e);
    bench_times t;

    memset(&timed, 0, sizeof timed);
    timed.clock = e->threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
    t = bench_run(timed.clock, evaluate, &v);
    timed.inner = e->net.ops;
    timed.sampler = e->net.sampler_ops;
    e->net.ops = &timed_ops;
    e->net.sampler_ops = &timed_sampler;
    for (int i = 0; i < BENCH_SAMPLES; i++) {
        evaluate(&v);
    }
    print_start(e, "all");
    printf("%6d, %10.3f, %10.3f, %8.2f, %9.2f\n", 1, t.median * 1e3,
           t.min * 1e3,
           total_flop() / BENCH_SAMPLES * e->batch / t.median * 1e-9,
           e->batch / t.median);
    print_kinds(e, BENCH_SAMPLES);
    e->net.ops = timed.inner;
    e->net.sampler_ops = timed.sampler;
    free(v.x);
    free(v.out);
    free(v.sigma);
    free(v.cluster);
    free(v.images);
    free(v.features);
}

static bool bench_setting(const host_model *m, uint32_t batch,
                          uint32_t threads, const char *isa, host_failure *f)
{
    host_engine_config config = {
        .isa = isa, .batch = batch, .threads = threads};
    host_engine e;

    if (!host_engine_open(&e, m, &config, f)) {
        return false;
    }
    bench_engine(&e);
    host_engine_close(&e);
    fflush(stdout);
    return true;
}

static uint32_t number(const char *text, uint32_t above)
{
    unsigned long n = strtoul(text, NULL, 10);

    if (n == 0 || n > above) {
        fprintf(stderr, "net: wanted 1..%" PRIu32 ", got '%s'\n", above,
                text);
        exit(HOST_EXIT_USAGE);
    }
    return (uint32_t)n;
}

static bool bench_all(int argc, char **argv, host_model *m, host_failure *f)
{
    if (argc < 2) {
        return host_model_adopt(m, &cedm_fashion_model, cedm_fashion_blob,
                                FASHION_BLOB_BYTES, f) &&
               bench_setting(m, 1, 1, NULL, f) &&
               bench_setting(m, 1, 0, NULL, f) &&
               bench_setting(m, 16, 1, NULL, f) &&
               bench_setting(m, 16, 0, NULL, f) &&
               bench_setting(m, 1, 1, "portable", f);
    }
    return host_model_load(m, argv[1], f) &&
           bench_setting(
               m, argc > 2 ? number(argv[2], HOST_ENGINE_MAX_BATCH) : 1,
               argc > 3 ? number(argv[3], HOST_MAX_THREADS) : 0,
               argc > 4 ? argv[4] : NULL, f);
}

int main(int argc, char **argv)
{
    host_model m = {0};
    host_failure f = {0};
    bool done;

    bench_print_machine();
    print_head();
    done = bench_all(argc, argv, &m, &f);
    host_model_close(&m);
    return done ? HOST_EXIT_DONE : host_failure_report("net", &f);
}
