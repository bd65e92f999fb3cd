/* SPDX-License-Identifier: MIT
 *
 * clusters.c - clustering on request, so that it can take turns with other
 * programs (bench/peers).
 *
 *     build/bench/clusters FOLDER THREADS
 *
 * Writes what all of them work on into FOLDER, unless it is there: features,
 * a mixture that overlaps as those of images do, its first rows as centres,
 * and the heads that a training begins with.  Commands are lines of a word, a
 * number and a file for the result; an answer is a line of JSON.
 *
 *     kmeans N FILE   a fit of N iterations, all included; seconds of one,
 *                     the centres into FILE
 *     knn N FILE      neighbours of the first group of rows, N each: seconds,
 *                     their numbers into FILE
 *     temi N FILE     N steps from the start; seconds of one, the parameters
 *                     of all students into FILE */
#include <math.h>
#include <stdint.h>
#include <unistd.h>

#include "bench/bench.h"
#include "cedm.h"
#include "cluster/kmeans.h"
#include "cluster/knn.h"
#include "cluster/temi.h"
#include "host/execution/pool.h"
#include "host/execution/processors.h"
#include "host/files/arrays_write.h"
#include "host/files/npy_read.h"
#include "host/files/output.h"
#include "host/random/random.h"

#define ROWS 50000u
#define WIDTH 768u
#define CLUSTERS 100u

/* The mixture: so many parts, in so many dimensions, which a random matrix
 * spreads over all features. */
#define PARTS 200u
#define LATENT 32u

typedef struct turn {
    const char *folder;
    cluster_workers workers;
    cluster_rows rows;
    host_npy features, centres;
    float *factor; /* for rows of length 1: what heads get */
    cluster_temi temi;
    host_failure failure;
} turn;

static void stop(const turn *t)
{
    exit(host_failure_report("clusters", &t->failure));
}

static void *take(size_t bytes)
{
    void *memory = malloc(bytes);

    if (memory == NULL) {
        fprintf(stderr, "clusters: out of memory\n");
        exit(HOST_EXIT_FAILED);
    }
    return memory;
}

static void path_of(const turn *t, const char *name, char path[4096])
{
    (void)snprintf(path, 4096, "%s/%s", t->folder, name);
}

/* ---- the data ----------------------------------------------------------- */

/* n independent normal numbers, the same for the same purpose and index. */
static void normal(uint32_t purpose, uint64_t index, float *out, uint32_t n)
{
    const host_random_key key = {
        .seed = 1, .purpose = purpose, .image = index};

    for (uint32_t i = 0; i < n; i += 2) {
        double pair[2];

        host_random_normal(&key, i / 2, pair);
        out[i] = (float)pair[0];
        out[i + 1] = (float)pair[1];
    }
}

/* A row: a point beside the middle of its part, spread, and some noise. */
static void make_row(uint64_t row, const float *spread, float *x)
{
    float middle[LATENT], beside[LATENT];

    normal(2, host_random_permuted(1, 0, ROWS, row) % PARTS, middle, LATENT);
    normal(3, row, beside, LATENT);
    normal(4, row, x, WIDTH);
    for (uint32_t c = 0; c < WIDTH; c++) {
        x[c] *= 0.5f;
        for (uint32_t i = 0; i < LATENT; i++) {
            x[c] += spread[i * WIDTH + c] * (middle[i] + beside[i]);
        }
    }
}

static void write_array(turn *t, const char *name, host_array array)
{
    char path[4096];

    path_of(t, name, path);
    if (!host_array_write_npy(path, &array, &t->failure)) {
        stop(t);
    }
}

/* A result, as its values lie in memory. */
static void write_raw(turn *t, const char *path, const void *values,
                      size_t bytes)
{
    if (!host_output_file(path, values, bytes, &t->failure)) {
        stop(t);
    }
}

static void make_features(turn *t)
{
    float *spread = take((size_t)LATENT * WIDTH * sizeof *spread);
    float *x = take((size_t)ROWS * WIDTH * sizeof *x);

    normal(1, 0, spread, LATENT * WIDTH);
    for (uint64_t row = 0; row < ROWS; row++) {
        make_row(row, spread, x + row * WIDTH);
    }
    write_array(t, "centres.npy",
                (host_array){NULL, CG_F32, 2, {CLUSTERS, WIDTH}, x});
    write_array(t, "features.npy",
                (host_array){NULL, CG_F32, 2, {ROWS, WIDTH}, x});
    free(x);
    free(spread);
}

static void map(turn *t, const char *name, host_npy *npy)
{
    char path[4096];

    path_of(t, name, path);
    if (!host_npy_open(npy, path, &t->failure)) {
        stop(t);
    }
}

/* Parameters of the students, tensor after tensor, head after head. */
static void write_heads(turn *t, const char *path)
{
    const cluster_head_layout *l = &t->temi.layout;
    float *all = take(t->temi.options.heads * l->floats * sizeof *all),
          *to = all;

    for (uint32_t i = 0; i < t->temi.options.heads; i++) {
        for (uint32_t k = 0; k < CLUSTER_HEAD_COUNT; k++) {
            const cluster_head_place *p = &l->tensors[k];

            cluster_head_get(p, t->temi.state.student + i * l->floats, to);
            to += (size_t)p->rows * p->columns;
        }
    }
    write_raw(t, path, all, (size_t)(to - all) * sizeof *all);
    free(all);
}

static void open_temi(turn *t)
{
    cluster_temi_options options = cluster_temi_options_default();
    const cluster_rows rows = {.values = t->rows.values,
                               .count = ROWS,
                               .width = WIDTH,
                               .factor = t->factor};

    options.shape.clusters = CLUSTERS;
    /* Every step is an update at the full rate. */
    options.warmup = options.frozen = 0;
    if (!cluster_temi_open(&t->temi, &rows, NULL, &options, &t->workers,
                           &t->failure)) {
        stop(t);
    }
}

static void open_all(turn *t)
{
    char path[4096];

    path_of(t, "features.npy", path);
    if (access(path, R_OK) != 0) {
        make_features(t);
    }
    map(t, "features.npy", &t->features);
    map(t, "centres.npy", &t->centres);
    t->rows.values = (const void *)t->features.array.data;
    t->rows.count = ROWS;
    t->rows.width = WIDTH;
    t->factor = take(ROWS * sizeof *t->factor);
    if (!cluster_rows_unit(&t->rows, &t->workers, t->factor, &t->failure)) {
        stop(t);
    }
    open_temi(t);
    path_of(t, "heads.f32", path);
    write_heads(t, path);
}

/* ---- commands ----------------------------------------------------------- */

/* It is sent when the file is there, too. */
static void answer(double seconds)
{
    printf("{\"seconds\": [%.9f]}\n", seconds);
}

static void write_centres(turn *t, const cluster_kmeans *k, const char *path)
{
    const size_t elements = (size_t)CLUSTERS * WIDTH;
    float *centres = take(elements * sizeof *centres);

    for (size_t i = 0; i < elements; i++) {
        centres[i] = k->best.centres[i] + k->mean[i % WIDTH];
    }
    write_raw(t, path, centres, elements * sizeof *centres);
    free(centres);
}

static void run_kmeans(turn *t, uint32_t iterations, const char *path)
{
    const double start = bench_now(CLOCK_MONOTONIC);
    const cluster_kmeans_options options = {
        .clusters = CLUSTERS,
        .iterations = iterations,
        .seeding = CLUSTER_SEEDING_given,
        .given = (const void *)t->centres.array.data};
    cluster_kmeans k;

    if (!cluster_kmeans_open(&k, &t->rows, &options, &t->workers,
                             &t->failure) ||
        !cluster_kmeans_begin(&k, 0, &t->failure)) {
        stop(t);
    }
    while (cluster_kmeans_step(&k)) {
    }
    (void)cluster_kmeans_finish(&k);
    answer((bench_now(CLOCK_MONOTONIC) - start) / k.iteration);
    write_centres(t, &k, path);
    cluster_kmeans_close(&k);
}

static void run_knn(turn *t, uint32_t neighbours, const char *path)
{
    const double start = bench_now(CLOCK_MONOTONIC);
    const cluster_rows rows = {
        .values = t->rows.values, .count = ROWS, .width = WIDTH};
    cluster_knn n;
    int32_t *found;

    if (!cluster_knn_open(&n, &rows, neighbours, &t->workers, &t->failure)) {
        stop(t);
    }
    cluster_knn_group(&n, 0, ROWS);
    answer(bench_now(CLOCK_MONOTONIC) - start);
    found = take((size_t)n.queries * neighbours * sizeof *found);
    for (size_t i = 0; i < (size_t)n.queries * neighbours; i++) {
        found[i] = (int32_t)n.found[i].index;
    }
    write_raw(t, path, found, (size_t)n.queries * neighbours * sizeof *found);
    free(found);
    cluster_knn_close(&n);
}

/* Batches are rows in order, and the rows after them. */
static void run_temi(turn *t, uint32_t steps, const char *path)
{
    const uint32_t batch = t->temi.options.batch;
    uint32_t *pairs = take(2 * batch * sizeof *pairs);
    double start;

    cluster_temi_close(&t->temi);
    open_temi(t);
    start = bench_now(CLOCK_MONOTONIC);
    for (uint32_t step = 0; step < steps; step++) {
        for (uint32_t i = 0; i < batch; i++) {
            pairs[i] = (step * batch + i) % ROWS;
            pairs[batch + i] = (pairs[i] + 1) % ROWS;
        }
        cluster_temi_batch(&t->temi, pairs, pairs + batch);
    }
    answer((bench_now(CLOCK_MONOTONIC) - start) / steps);
    write_heads(t, path);
    free(pairs);
}

static void serve(turn *t)
{
    static const struct {
        const char *word;
        void (*run)(turn *t, uint32_t n, const char *path);
    } commands[] = {
        {"kmeans", run_kmeans}, {"knn", run_knn}, {"temi", run_temi}};
    char line[4200], word[8], path[4096];
    uint32_t n;

    while (fgets(line, sizeof line, stdin) != NULL) {
        if (sscanf(line, "%7s %u %4095s", word, &n, path) != 3) {
            fprintf(stderr, "clusters: wanted WORD N FILE, got %s", line);
            exit(HOST_EXIT_USAGE);
        }
        for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
            if (strcmp(word, commands[i].word) == 0) {
                commands[i].run(t, n, path);
            }
        }
        fflush(stdout);
    }
}

int main(int argc, char **argv)
{
    static turn t = {.failure = HOST_FAILURE_UNSAID};

    if (argc != 3) {
        fprintf(stderr, "clusters: wanted FOLDER THREADS\n");
        return HOST_EXIT_USAGE;
    }
    const uint32_t threads = (uint32_t)strtoul(argv[2], NULL, 10);
    host_pool *pool = host_pool_open(threads, host_processors(), &t.failure);

    if (pool == NULL) {
        stop(&t);
    }
    t.folder = argv[1];
    t.workers = (cluster_workers){host_pool_for, pool, threads,
                                  cluster_kernels_for(CEDM_ISA_ALL)};
    open_all(&t);
    printf("{\"version\": \"cedm %s, %s\"}\n", CEDM_VERSION,
           t.workers.kernels->name);
    fflush(stdout);
    serve(&t);
    return HOST_EXIT_DONE;
}
