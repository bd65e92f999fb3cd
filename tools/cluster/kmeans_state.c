/* SPDX-License-Identifier: MIT
 *
 * kmeans_state.c - k-means written and read back: doubles are hexadecimal
 * text, so that every bit comes back. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/execution/agreement.h"
#include "host/execution/ranks.h"
#include "tools/cluster/kmeans_state.h"

#define RECIPE "cedm.cluster.recipe"
#define COUNTERS "cedm.cluster.counters"

/* What is a number in a state. */
typedef struct counters {
    uint64_t run, iteration, any, best_run, best_iterations;
    double inertia;
    cluster_minibatch_state batches;
} counters;

static void counters_text(const cluster_kmeans *k, const cluster_minibatch *m,
                          char *text, size_t size)
{
    const cluster_minibatch_state none = {0};
    const cluster_minibatch_state *b = m != NULL ? &m->state : &none;

    (void)snprintf(
        text, size,
        "{\"run\":%" PRIu32 ",\"iteration\":%" PRIu32
        ",\"any\":%d,\"best_run\":%" PRIu32 ",\"best_iterations\":%" PRIu32
        ",\"inertia\":\"%a\",\"step\":%" PRIu64 ",\"since\":%" PRIu64
        ",\"smoothed\":\"%a\",\"least\":\"%a\",\"worse\":%" PRIu32 "}",
        k->run, k->iteration, k->best.any ? 1 : 0, k->best.run,
        k->best.iterations, k->best.inertia, b->step, b->since, b->smoothed,
        b->least, b->worse);
}

static bool hexadecimal(const cJSON *object, const char *name, double *out)
{
    const char *text =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

    *out = text != NULL ? strtod(text, NULL) : 0.0;
    return text != NULL;
}

static bool parse_counters(const char *text, counters *c)
{
    cJSON *json = text != NULL ? cJSON_Parse(text) : NULL;
    uint64_t worse = 0;
    const bool good =
        cluster_json_u64(json, "run", UINT32_MAX, &c->run) &&
        cluster_json_u64(json, "iteration", UINT32_MAX, &c->iteration) &&
        cluster_json_u64(json, "any", 1, &c->any) &&
        cluster_json_u64(json, "best_run", UINT32_MAX, &c->best_run) &&
        cluster_json_u64(json, "best_iterations", UINT32_MAX,
                         &c->best_iterations) &&
        hexadecimal(json, "inertia", &c->inertia) &&
        cluster_json_u64(json, "step", UINT64_C(1) << 53, &c->batches.step) &&
        cluster_json_u64(json, "since", UINT64_C(1) << 53,
                         &c->batches.since) &&
        hexadecimal(json, "smoothed", &c->batches.smoothed) &&
        hexadecimal(json, "least", &c->batches.least) &&
        cluster_json_u64(json, "worse", UINT32_MAX, &worse);

    c->batches.worse = (uint32_t)worse;
    cJSON_Delete(json);
    return good;
}

/* ---- the state ---------------------------------------------------------- */

static bool write_state(const char *path, const char *recipe,
                        const cluster_kmeans *k, const cluster_minibatch *m,
                        host_failure *f)
{
    const uint64_t rows = k->rows.count, clusters = k->options.clusters;
    const uint64_t width = k->rows.width;
    char text[640];
    const host_array arrays[] = {
        {"centres", CG_F32, 2, {clusters, width}, k->centres},
        {"labels", CG_I32, 1, {rows}, k->labels},
        {"best.centres", CG_F32, 2, {clusters, width}, k->best.centres},
        {"best.labels", CG_I32, 1, {rows}, k->best.labels},
        {"counts", CG_I64, 1, {clusters}, k->counts},
    };

    counters_text(k, m, text, sizeof text);
    const cg_metadata notes[] = {{RECIPE, recipe}, {COUNTERS, text}};

    return host_arrays_write(path, arrays, sizeof arrays / sizeof *arrays,
                             notes, 2, f);
}

bool cluster_kmeans_save(const char *path, const char *recipe,
                         cluster_kmeans *k, const cluster_minibatch *m,
                         host_failure *f)
{
    cluster_kmeans_know_labels(k);
    return host_agree(
        host_ranks_rank() != 0 || write_state(path, recipe, k, m, f), f);
}

static bool take_array(const cg_file *file, const char *name, cg_dtype dtype,
                       size_t bytes, void *to, host_failure *f)
{
    const cg_array *a = cg_find(file, name);
    const size_t width = dtype == CG_I64 ? 8 : 4;

    if (a == NULL || a->dtype != dtype || a->elements * width != bytes) {
        return host_fail(f,
                         "%s:%s: not as it was written; begin without "
                         "--resume",
                         file->path, name);
    }
    memcpy(to, a->data, bytes);
    return true;
}

/* Labels are indices into arrays. */
static bool check_labels(const cg_file *file, const int32_t *labels,
                         const cluster_kmeans *k, host_failure *f)
{
    for (uint64_t i = 0; i < k->rows.count; i++) {
        if (labels[i] < -1 || labels[i] >= (int32_t)k->options.clusters) {
            return host_fail(f,
                             "%s: label %" PRIu64 " is %" PRId32
                             "; begin without --resume",
                             file->path, i, labels[i]);
        }
    }
    return true;
}

static bool take_all(const cg_file *file, cluster_kmeans *k, host_failure *f)
{
    const size_t rows = k->rows.count * sizeof(int32_t);
    const size_t clusters = k->options.clusters;
    const size_t centres = clusters * k->rows.width * sizeof(float);

    return take_array(file, "centres", CG_F32, centres, k->centres, f) &&
           take_array(file, "labels", CG_I32, rows, k->labels, f) &&
           check_labels(file, k->labels, k, f) &&
           take_array(file, "best.centres", CG_F32, centres, k->best.centres,
                      f) &&
           take_array(file, "best.labels", CG_I32, rows, k->best.labels, f) &&
           (!k->best.any || check_labels(file, k->best.labels, k, f));
}

static void take_counters(const counters *c, cluster_kmeans *k,
                          cluster_minibatch *m)
{
    k->run = (uint32_t)c->run;
    k->iteration = (uint32_t)c->iteration;
    k->best.any = c->any != 0;
    k->best.run = (uint32_t)c->best_run;
    k->best.iterations = (uint32_t)c->best_iterations;
    k->best.inertia = c->inertia;
    if (m != NULL) {
        m->state = c->batches;
    }
}

/* Counts are taken aside: going on clears them. */
static bool take_state(const cg_file *file, const char *recipe,
                       cluster_kmeans *k, counters *c, int64_t *counts,
                       host_failure *f)
{
    const char *found = cg_find_metadata(file, RECIPE);

    if (found == NULL || strcmp(found, recipe) != 0) {
        return host_fail(f,
                         "%s: of another run; wanted %s, got %s; give the "
                         "options that it began with",
                         file->path, recipe, found != NULL ? found : "none");
    }
    if (!parse_counters(cg_find_metadata(file, COUNTERS), c)) {
        return host_fail(f, "%s: no usable counters; begin without --resume",
                         file->path);
    }
    k->best.any = c->any != 0;
    return take_all(file, k, f) &&
           take_array(file, "counts", CG_I64,
                      k->options.clusters * sizeof *counts, counts, f);
}

static bool read_state(const char *path, const char *recipe,
                       cluster_kmeans *k, counters *c, int64_t *counts,
                       host_failure *f)
{
    cg_error error;
    cg_file *file = cg_open(path, &error);
    const bool good = file != NULL ? take_state(file, recipe, k, c, counts, f)
                                   : host_fail(f, "%s", error.text);

    cg_close(file);
    return good;
}

/* What rank 0 has read becomes everybody's. */
static void share_state(cluster_kmeans *k, counters *c, int64_t *counts)
{
    const size_t rows = k->rows.count * sizeof(int32_t);
    const size_t clusters = k->options.clusters;
    const size_t centres = clusters * k->rows.width * sizeof(float);

    host_ranks_broadcast(0, k->centres, centres);
    host_ranks_broadcast(0, k->labels, rows);
    host_ranks_broadcast(0, k->best.centres, centres);
    host_ranks_broadcast(0, k->best.labels, rows);
    host_ranks_broadcast(0, counts, clusters * sizeof *counts);
    host_ranks_broadcast(0, c, sizeof *c);
}

bool cluster_kmeans_load(const char *path, const char *recipe,
                         cluster_kmeans *k, cluster_minibatch *m,
                         host_failure *f)
{
    const size_t bytes = k->options.clusters * sizeof(int64_t);
    int64_t *counts = malloc(bytes);
    counters c = {0};
    const bool good = host_agree(
        (counts != NULL || host_fail(f, "%s: out of memory", path)) &&
            (host_ranks_rank() != 0 ||
             read_state(path, recipe, k, &c, counts, f)),
        f);

    if (good) {
        share_state(k, &c, counts);
        take_counters(&c, k, m);
        cluster_kmeans_resume(k);
        if (m != NULL) {
            memcpy(k->counts, counts, bytes);
        }
    }
    free(counts);
    return good;
}

/* ---- centres ------------------------------------------------------------ */

bool cluster_centres_write(const char *path, const cluster_kmeans *k,
                           const char *about, host_failure *f)
{
    const uint64_t clusters = k->options.clusters, width = k->rows.width;
    float *centres = malloc(clusters * width * sizeof *centres);
    const host_array arrays[] = {
        {"centres", CG_F32, 2, {clusters, width}, centres},
        {"offsets", CG_F32, 2, {clusters, width}, k->best.centres},
        {"mean", CG_F32, 1, {width}, k->mean},
    };
    const cg_metadata note = {"cedm.cluster", about};
    bool good = centres != NULL || host_fail(f, "%s: out of memory", path);

    for (uint64_t i = 0; good && i < clusters * width; i++) {
        centres[i] = k->best.centres[i] + k->mean[i % width];
    }
    good = good && host_arrays_write(path, arrays, 3, &note, 1, f);
    free(centres);
    return good;
}
