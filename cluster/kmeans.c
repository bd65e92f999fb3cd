/* SPDX-License-Identifier: MIT
 *
 * kmeans.c - a run from its seeds to its result, and the best of runs. */
#include "cluster/kmeans.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/kmeans_parts.h"
#include "cluster/draws.h"
#include "cluster/shares.h"
#include "host/execution/agreement.h"
#include "host/execution/ranks.h"

cluster_kmeans_options cluster_kmeans_options_default(void)
{
    return (cluster_kmeans_options){.iterations = 300, .tolerance = 1e-4};
}

/* ---- memory ------------------------------------------------------------- */

static bool allocate_rows(cluster_kmeans *k)
{
    const uint64_t n = k->rows.count;

    k->squares = malloc(n * sizeof *k->squares);
    k->labels = malloc(n * sizeof *k->labels);
    k->previous = malloc(n * sizeof *k->previous);
    k->upper = malloc(n * sizeof *k->upper);
    k->lower = malloc(n * sizeof *k->lower);
    k->distances = malloc(n * sizeof *k->distances);
    k->best.labels = calloc(n, sizeof *k->best.labels);
    k->block_sums = malloc(cluster_blocks(n) * sizeof *k->block_sums);
    return k->squares != NULL && k->labels != NULL && k->previous != NULL &&
           k->upper != NULL && k->lower != NULL && k->distances != NULL &&
           k->best.labels != NULL && k->block_sums != NULL;
}

static bool allocate_centres(cluster_kmeans *k)
{
    const size_t clusters = k->options.clusters;
    const size_t elements = clusters * k->rows.width;

    k->mean = malloc(k->rows.width * sizeof *k->mean);
    k->centres = malloc(elements * sizeof *k->centres);
    k->best.centres = calloc(elements, sizeof *k->best.centres);
    k->sums = malloc(elements * sizeof *k->sums);
    k->counts = malloc(clusters * sizeof *k->counts);
    k->moves = malloc(clusters * sizeof *k->moves);
    k->far = malloc(clusters * sizeof *k->far);
    k->far_to = malloc(clusters * sizeof *k->far_to);
    return k->mean != NULL && k->centres != NULL && k->best.centres != NULL &&
           k->sums != NULL && k->counts != NULL && k->moves != NULL &&
           k->far != NULL && k->far_to != NULL;
}

/* Sums of one rank's rows are those of all if there is no other. */
static bool allocate_own(cluster_kmeans *k)
{
    const size_t clusters = k->options.clusters;
    const bool alone = host_ranks_size() == 1;

    k->own_sums =
        alone ? k->sums
              : malloc(clusters * k->rows.width * sizeof *k->own_sums);
    k->own_counts =
        alone ? k->counts : malloc(clusters * sizeof *k->own_counts);
    return k->own_sums != NULL && k->own_counts != NULL;
}

static bool allocate(cluster_kmeans *k, host_failure *f)
{
    k->scratch_step = cluster_kmeans_scratch(k) * sizeof(float);
    k->scratch = malloc(k->workers->count * k->scratch_step);
    return (k->scratch != NULL && allocate_rows(k) && allocate_centres(k) &&
            allocate_own(k)) ||
           host_fail(f,
                     "out of memory for k-means of %" PRIu64
                     " rows and %" PRIu32 " clusters",
                     k->rows.count, k->options.clusters);
}

void cluster_kmeans_close(cluster_kmeans *k)
{
    const bool alone = k->own_sums == k->sums;
    void *const parts[] = {
        k->squares,
        k->labels,
        k->previous,
        k->upper,
        k->lower,
        k->distances,
        k->best.labels,
        k->block_sums,
        k->mean,
        k->centres,
        k->best.centres,
        k->sums,
        k->counts,
        k->moves,
        k->far,
        k->far_to,
        k->scratch,
        alone ? NULL : k->own_sums,
        k->own_counts == k->counts ? NULL : k->own_counts,
    };

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        free(parts[i]);
    }
    cluster_centres_close(&k->packed);
    *k = (cluster_kmeans){0};
}

/* ---- the rows ----------------------------------------------------------- */

/* Centres the rows; what a run stops at. */
static bool centre(cluster_kmeans *k, host_failure *f)
{
    const uint32_t width = k->rows.width;
    double *mean = malloc(2 * width * sizeof *mean);
    double sum = 0.0;

    if (!host_agree(mean != NULL ||
                        host_fail(f, "out of memory for a row of features"),
                    f)) {
        free(mean);
        return false;
    }
    cluster_rows_moments(&k->rows, k->workers, mean, mean + width);
    for (uint32_t i = 0; i < width; i++) {
        k->mean[i] = (float)mean[i];
        sum += mean[width + i];
    }
    k->tolerance = k->options.tolerance * (sum / width);
    k->rows.shift = k->mean;
    free(mean);
    return true;
}

/* 2^-62 of a power of two above all sums of rows. */
static double unit_of(const cluster_kmeans *k)
{
    float largest = 0.0f;
    int exponent;

    for (uint64_t i = 0; i < k->rows.count; i++) {
        largest = fmaxf(largest, k->squares[i]);
    }
    (void)frexp(1.01 * sqrt((double)largest) * (double)k->rows.count,
                &exponent);
    return ldexp(1.0, exponent - 62);
}

bool cluster_kmeans_open(cluster_kmeans *k, const cluster_rows *rows,
                         const cluster_kmeans_options *options,
                         const cluster_workers *workers, host_failure *f)
{
    *k = (cluster_kmeans){
        .options = *options, .rows = *rows, .workers = workers};
    if (options->clusters == 0 || options->clusters > rows->count) {
        return host_fail(f,
                         "wanted 1 to %" PRIu64 " clusters, one per row at "
                         "most, got %" PRIu32,
                         rows->count, options->clusters);
    }
    if (!host_agree(allocate(k, f) &&
                        cluster_centres_open(&k->packed, options->clusters,
                                             rows->width, f),
                    f) ||
        !centre(k, f) ||
        !cluster_rows_squares(&k->rows, workers, k->squares, f)) {
        cluster_kmeans_close(k);
        return false;
    }
    k->unit = unit_of(k);
    k->units = 1.0 / k->unit;
    return true;
}

/* ---- a run -------------------------------------------------------------- */

static bool choose_rows(const cluster_kmeans *k, uint64_t *chosen,
                        host_failure *f)
{
    const cluster_kmeans_options *o = &k->options;

    if (o->seeding == CLUSTER_SEEDING_plusplus) {
        return cluster_seed_plusplus(&k->rows, k->squares, o->clusters,
                                     o->seed, k->run, k->workers, chosen, f);
    }
    for (uint32_t c = 0; c < o->clusters; c++) {
        chosen[c] = host_random_permuted(o->seed, k->run, k->rows.count, c);
    }
    return true;
}

static bool seed(cluster_kmeans *k, host_failure *f)
{
    const uint32_t width = k->rows.width;
    const size_t elements = (size_t)k->options.clusters * width;
    uint64_t *chosen;
    bool good;

    if (k->options.seeding == CLUSTER_SEEDING_given) {
        for (size_t i = 0; i < elements; i++) {
            k->centres[i] = k->options.given[i] - k->mean[i % width];
        }
        return true;
    }
    chosen = malloc(k->options.clusters * sizeof *chosen);
    good =
        host_agree(chosen != NULL || host_fail(f, "out of memory for seeds"),
                   f) &&
        choose_rows(k, chosen, f);
    for (uint32_t c = 0; good && c < k->options.clusters; c++) {
        cluster_rows_load(&k->rows, chosen[c], 1,
                          k->centres + (size_t)c * width);
    }
    free(chosen);
    return good;
}

/* Nothing is known but labels and centres. */
static void forget(cluster_kmeans *k)
{
    const size_t clusters = k->options.clusters;

    k->settled = false;
    memset(k->own_sums, 0, clusters * k->rows.width * sizeof *k->own_sums);
    memset(k->own_counts, 0, clusters * sizeof *k->own_counts);
    memset(k->counts, 0, clusters * sizeof *k->counts);
    memset(k->moves, 0, clusters * sizeof *k->moves);
    for (uint64_t i = 0; i < k->rows.count; i++) {
        k->previous[i] = -1;
    }
    cluster_kmeans_unbound(k);
}

void cluster_kmeans_clear(cluster_kmeans *k, uint32_t run)
{
    k->run = run;
    k->iteration = 0;
    forget(k);
    for (uint64_t i = 0; i < k->rows.count; i++) {
        k->labels[i] = -1;
    }
}

bool cluster_kmeans_begin(cluster_kmeans *k, uint32_t run, host_failure *f)
{
    cluster_kmeans_clear(k, run);
    return seed(k, f);
}

void cluster_kmeans_know_labels(cluster_kmeans *k)
{
    cluster_gather(k->labels, sizeof *k->labels, k->rows.count,
                   CLUSTER_BLOCK);
}

void cluster_kmeans_resume(cluster_kmeans *k)
{
    forget(k);
    (void)cluster_kmeans_sum(k);
}

bool cluster_kmeans_step(cluster_kmeans *k)
{
    cluster_kmeans_assign(k);
    k->settled = cluster_kmeans_sum(k) == 0;
    const double moved = cluster_kmeans_move(k);

    k->iteration++;
    return !k->settled && moved > k->tolerance &&
           k->iteration < k->options.iterations;
}

/* ---- the best run ------------------------------------------------------- */

/* Whether two labellings are one partition: every label of the first goes
 * with one of the second and the other way round. */
static bool same_partition(const cluster_kmeans *k, int64_t *other)
{
    const uint32_t clusters = k->options.clusters;
    bool same = true;

    for (uint32_t pass = 0; pass < 2; pass++) {
        const int32_t *a = pass == 0 ? k->labels : k->best.labels;
        const int32_t *b = pass == 0 ? k->best.labels : k->labels;

        memset(other, 0xff, clusters * sizeof *other); /* -1 */
        for (uint64_t i = 0; same && i < k->rows.count; i++) {
            if (other[a[i]] < 0) {
                other[a[i]] = b[i];
            }
            same = other[a[i]] == b[i];
        }
    }
    return same;
}

double cluster_kmeans_finish(cluster_kmeans *k)
{
    const size_t elements = (size_t)k->options.clusters * k->rows.width;
    double inertia;

    if (!k->settled) {
        cluster_kmeans_assign(k);
    }
    inertia = cluster_kmeans_distances(k, NULL);
    cluster_kmeans_know_labels(k);
    /* The counts of a run that has ended are nobody's. */
    if (!k->best.any ||
        (inertia < k->best.inertia && !same_partition(k, k->counts))) {
        memcpy(k->best.centres, k->centres, elements * sizeof(float));
        memcpy(k->best.labels, k->labels, k->rows.count * sizeof *k->labels);
        k->best.inertia = inertia;
        k->best.run = k->run;
        k->best.iterations = k->iteration;
        k->best.any = true;
    }
    return inertia;
}
