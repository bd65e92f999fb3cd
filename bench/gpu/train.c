/* SPDX-License-Identifier: MIT
 *
 * train.c - training on a GPU on request, so that it can take turns with that
 * of another program (bench/peers/compare_train.py).
 *
 *     build/bench/gpu_train FOLDER PRECISION BATCH
 *
 * FOLDER has checkpoint.safetensors.  An update is what cedm-train makes of a
 * batch, its draws on the host included, of random images without
 * augmentation and dropout; micro-batches are as large as cedm-train would
 * choose.  Commands, each answered by a line of JSON:
 *
 *     train BATCH COUNT      seconds of an update: COUNT of them, then a wait
 *     optimiser BATCH COUNT  seconds of Adam and all that follows from it, of
 *                            COUNT updates: launch and wait included
 *     bits BATCH COUNT       makes COUNT updates; a checksum of parameters,
 *                            moments and average */
#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/loader.h"
#include "bench/bench.h"
#include "trainer/learner_cuda.h"
#include "host/execution/pool.h"
#include "host/execution/processors.h"
#include "host/random/random.h"

#define IMAGES 2048u /* of the dataset */
#define SEED 1u
#define NO_DEVICE 77

static const train_adam_update rates = {.lr = 1e-4, .ema_beta = 0.999};

typedef struct subject {
    host_cuda_library library;
    cedm_cuda_device device;
    train_learner *learner;
    host_dataset data;
    host_clusters clusters;
    train_source source;
    train_loader batch;
    uint32_t images; /* of an update */
    uint64_t seen;
    uint32_t updates;
} subject;

_Noreturn static void stop(const host_failure *f)
{
    exit(host_failure_report("gpu_train", f));
}

_Noreturn static void stop_at(const char *where, const char *what)
{
    host_failure f = HOST_FAILURE_UNSAID;

    (void)host_fail(&f, "%s: %s", where, what);
    stop(&f);
}

/* ---- what is trained ---------------------------------------------------- */

/* Its bytes, and clusters in turns. */
static void make_data(subject *s)
{
    const cg_program *p = s->learner->training->program;
    size_t size = (size_t)p->denoiser.resolution * p->denoiser.resolution *
                  p->denoiser.channels;
    const host_random_key key = {.seed = SEED};

    s->data = (host_dataset){.count = IMAGES,
                             .size = p->denoiser.resolution,
                             .channels = p->denoiser.channels,
                             .pixels = malloc(IMAGES * size)};
    if (p->denoiser.label_dim > 0) {
        s->clusters.of_image = malloc(IMAGES * sizeof(int32_t));
    }
    if (s->data.pixels == NULL ||
        (p->denoiser.label_dim > 0 && s->clusters.of_image == NULL)) {
        stop_at("data", "out of memory");
    }
    for (size_t i = 0; i < IMAGES * size; i++) {
        uint32_t words[4];

        if (i % sizeof words == 0) {
            host_random_words(&key, (uint32_t)(i / sizeof words), words);
            memcpy(s->data.pixels + i, words,
                   IMAGES * size - i < sizeof words ? IMAGES * size - i
                                                    : sizeof words);
        }
    }
    for (uint32_t i = 0; i < IMAGES && p->denoiser.label_dim > 0; i++) {
        s->clusters.of_image[i] = (int32_t)(i % p->denoiser.label_dim);
    }
}

static void open_source(subject *s)
{
    host_failure f = HOST_FAILURE_UNSAID;
    uint32_t threads = host_processors();
    host_pool *threads_pool = host_pool_open(threads, threads, &f);

    make_data(s);
    s->source = (train_source){.data = &s->data,
                               .clusters = &s->clusters,
                               .seed = SEED,
                               .parallel_for = host_pool_for,
                               .pool = threads_pool,
                               .workers = threads};
    if (threads_pool == NULL ||
        !train_loader_open(&s->batch, &s->source, s->learner->batch, &f)) {
        stop(&f);
    }
}

static void open_learner(subject *s, const char *folder,
                         enum cedm_cuda_precision precision)
{
    host_failure f = HOST_FAILURE_UNSAID;
    cg_error error = {""};
    char path[4096];
    cg_file *file;

    (void)snprintf(path, sizeof path, "%s/checkpoint.safetensors", folder);
    file = cg_open(path, &error);
    if (file == NULL) {
        (void)host_fail(&f, "%s", error.text);
        stop(&f);
    }
    s->learner = train_learner_cuda_open(
        file,
        &(train_learner_cuda_options){.library = &s->library,
                                      .precision = precision,
                                      .images = s->images,
                                      .batch = s->images,
                                      .share = 1.0 / s->images,
                                      .seed = SEED},
        &f);
    if (s->learner == NULL ||
        !host_device_describe(&s->library, 0, &s->device, &f) ||
        !s->learner->kind->push(s->learner, &f)) {
        stop(&f);
    }
    cg_close(file);
}

/* ---- an update ---------------------------------------------------------- */

static void gradients(subject *s)
{
    host_failure f = HOST_FAILURE_UNSAID;
    train_learner *l = s->learner;

    for (uint32_t done = 0; done < s->images; done += l->batch) {
        train_batch b = train_loader_fill(
            &s->batch, &s->source, s->seen + done, l->batch, s->updates);

        b.share = 1.0 / s->images;
        if (!l->kind->gradient(l, &b, &f)) {
            stop(&f);
        }
    }
    s->seen += s->images;
    s->updates++;
}

static void update(subject *s)
{
    host_failure f = HOST_FAILURE_UNSAID;

    if (!s->learner->kind->update(s->learner, &rates, &f)) {
        stop(&f);
    }
}

static void settle(subject *s)
{
    host_failure f = HOST_FAILURE_UNSAID;

    if (!s->learner->kind->settle(s->learner, &f)) {
        stop(&f);
    }
}

/* ---- commands ----------------------------------------------------------- */

static void train(subject *s, unsigned count)
{
    double start = bench_now(CLOCK_MONOTONIC);

    for (unsigned i = 0; i < count; i++) {
        gradients(s);
        update(s);
    }
    settle(s);
    printf("{\"seconds\": %.9f, \"skipped\": %" PRIu64 "}\n",
           (bench_now(CLOCK_MONOTONIC) - start) / count,
           s->learner->counts.skipped);
}

static void optimiser(subject *s, unsigned count)
{
    printf("{\"seconds\": [");
    for (unsigned i = 0; i < count; i++) {
        double start;

        gradients(s);
        settle(s);
        start = bench_now(CLOCK_MONOTONIC);
        update(s);
        settle(s);
        printf("%s%.9f", i > 0 ? ", " : "",
               bench_now(CLOCK_MONOTONIC) - start);
    }
    printf("]}\n");
}

/* FNV-1a over the numbers' words. */
static void bits(subject *s, unsigned count)
{
    host_failure f = HOST_FAILURE_UNSAID;
    uint64_t n = s->learner->training->trained_elements;
    uint64_t sum = 0xcbf29ce484222325u;

    for (unsigned i = 0; i < count; i++) {
        gradients(s);
        update(s);
    }
    settle(s);
    if (!s->learner->kind->pull(s->learner, &f)) {
        stop(&f);
    }
    for (int set = 0; set < TRAIN_LEARNER_SETS; set++) {
        for (uint64_t i = 0; i < n; i++) {
            uint32_t word;

            memcpy(&word, s->learner->sets[set] + i, sizeof word);
            sum = (sum ^ word) * 0x100000001b3u;
        }
    }
    printf("{\"bits\": \"%016" PRIx64 "\", \"updates\": %" PRIu64 "}\n", sum,
           s->learner->counts.updates);
}

static void serve(subject *s)
{
    static const struct {
        const char *word;
        void (*run)(subject *s, unsigned count);
    } commands[] = {
        {"train", train}, {"optimiser", optimiser}, {"bits", bits}};
    const size_t known = sizeof commands / sizeof commands[0];
    char line[256], word[16];
    unsigned n, count;

    while (fgets(line, sizeof line, stdin) != NULL) {
        size_t i = 0;

        if (sscanf(line, "%15s %u %u", word, &n, &count) != 3 ||
            n != s->images || count == 0) {
            stop_at(line, "wanted a command, the batch and a count");
        }
        while (i < known && strcmp(commands[i].word, word) != 0) {
            i++;
        }
        if (i == known) {
            stop_at(word, "wanted train, optimiser or bits");
        }
        commands[i].run(s, count);
        fflush(stdout);
    }
}

/* ---- starting ----------------------------------------------------------- */

/* Bytes a second by the driver's attributes of device 0: two transfers a
 * clock, as nvidia-smi counts clocks.  0 if it does not tell. */
static double memory_peak(void)
{
    enum { MEMORY_CLOCK_KHZ = 36, BUS_BITS = 37 }; /* cuda.h */
    int (*attribute)(int *value, int which, int device);
    void *driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    void *symbol =
        driver == NULL ? NULL : dlsym(driver, "cuDeviceGetAttribute");
    int khz, bus;

    memcpy(&attribute, &symbol, sizeof attribute);
    return symbol != NULL && attribute(&khz, MEMORY_CLOCK_KHZ, 0) == 0 &&
                   attribute(&bus, BUS_BITS, 0) == 0
               ? 2e3 * khz * bus / 8
               : 0.0;
}

static void greet(const subject *s, const char *precision)
{
    const train_learner *l = s->learner;
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < l->memory_count; i++) {
        bytes += l->memory[i].device ? l->memory[i].bytes : 0;
    }
    printf("{\"version\": \"cedm %s, %s\", \"device\": \"%s\", "
           "\"at_a_time\": %" PRIu32 ", \"parameters\": %" PRIu64
           ", \"macs\": %" PRIu64 ", \"device_bytes\": %" PRIu64
           ", \"memory_peak\": %.0f}\n",
           CEDM_VERSION, precision, s->device.name, l->batch,
           l->training->program->parameter_count, l->training->program->macs,
           bytes, memory_peak());
    fflush(stdout);
}

int main(int argc, char **argv)
{
    static subject s = {.library = {.file = TRAIN_LEARNER_CUDA_FILE}};
    host_failure f = HOST_FAILURE_UNSAID;
    int p = 0;

    if (argc != 4) {
        fprintf(stderr, "gpu_train: wanted FOLDER PRECISION BATCH\n");
        return HOST_EXIT_USAGE;
    }
    while (p < CEDM_CUDA_PRECISIONS &&
           strcmp(host_precision_name((enum cedm_cuda_precision)p),
                  argv[2]) != 0) {
        p++;
    }
    s.images = (uint32_t)strtoul(argv[3], NULL, 10);
    if (p == CEDM_CUDA_PRECISIONS || s.images == 0) {
        stop_at(argv[2], "wanted fp16, bf16 or fp32, and a batch");
    }
    if (!host_cuda_library_open(&s.library, "gpu_train", &f)) {
        printf("skipped: no device: %s\n", f.text);
        return NO_DEVICE;
    }
    open_learner(&s, argv[1], (enum cedm_cuda_precision)p);
    open_source(&s);
    greet(&s, argv[2]);
    serve(&s);
    return HOST_EXIT_DONE;
}
