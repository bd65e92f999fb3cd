/* SPDX-License-Identifier: MIT
 *
 * kmeans_move.c - sums of rows, means, and what becomes of empty clusters. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/kmeans_parts.h"
#include "cluster/shares.h"
#include "cluster/top.h"

/* Columns of a task that goes down all rows: whole cache lines. */
#define COLUMNS 64u

/* ---- sums --------------------------------------------------------------- */

static int64_t whole(const cluster_kmeans *k, float x)
{
    return (int64_t)llrint((double)x * k->units);
}

static void sum_task(void *arg, uint32_t index, uint32_t worker)
{
    cluster_kmeans *k = arg;
    const cluster_share mine =
        cluster_share_mine(k->rows.count, CLUSTER_BLOCK);
    const uint32_t width = k->rows.width, first = index * COLUMNS;
    const uint32_t n = width - first < COLUMNS ? width - first : COLUMNS;

    (void)worker;
    for (uint64_t row = mine.first; row < mine.first + mine.count; row++) {
        const int32_t from = k->previous[row], to = k->labels[row];
        float x[COLUMNS];

        if (from == to) {
            continue;
        }
        cluster_row_part(&k->rows, row, first, n, x);
        for (uint32_t i = 0; i < n; i++) {
            const int64_t value = whole(k, x[i]);

            k->own_sums[(size_t)to * width + first + i] += value;
            if (from >= 0) {
                k->own_sums[(size_t)from * width + first + i] -= value;
            }
        }
    }
}

/* Counts this rank's rows; returns how many labels differ. */
static int64_t count_rows(cluster_kmeans *k)
{
    const cluster_share mine =
        cluster_share_mine(k->rows.count, CLUSTER_BLOCK);
    int64_t changed = 0;

    for (uint64_t row = mine.first; row < mine.first + mine.count; row++) {
        const int32_t from = k->previous[row], to = k->labels[row];

        if (from != to) {
            changed++;
            k->own_counts[to]++;
            if (from >= 0) {
                k->own_counts[from]--;
            }
        }
    }
    return changed;
}

/* Adds up what the ranks have. */
static void total(int64_t *all, const int64_t *own, size_t n)
{
    if (all != own) {
        memcpy(all, own, n * sizeof *all);
        cluster_add_up(all, n);
    }
}

uint64_t cluster_kmeans_sum(cluster_kmeans *k)
{
    const size_t clusters = k->options.clusters;
    int64_t changed = count_rows(k);

    if (changed > 0) {
        cluster_run(k->workers, sum_task, k,
                    (k->rows.width + COLUMNS - 1) / COLUMNS);
    }
    cluster_add_up(&changed, 1);
    total(k->counts, k->own_counts, clusters);
    if (changed > 0) {
        total(k->sums, k->own_sums, clusters * k->rows.width);
    }
    return (uint64_t)changed;
}

/* ---- distances ---------------------------------------------------------- */

typedef struct distances {
    cluster_kmeans *k;
    float *each;
    double *sums; /* [blocks] */
} distances;

static void distance_task(void *arg, uint32_t index, uint32_t worker)
{
    const distances *d = arg;
    const cluster_kmeans *k = d->k;
    const uint32_t width = k->rows.width;
    const uint32_t n = cluster_block_rows(k->rows.count, index);
    void *scratch = k->scratch + worker * k->scratch_step;
    float *x = scratch;
    double sum = 0.0;

    for (uint32_t i = 0; i < n; i++) {
        const uint64_t row = (uint64_t)index * CLUSTER_BLOCK + i;
        const float *centre = k->centres + (size_t)k->labels[row] * width;
        double square = 0.0;

        cluster_row_part(&k->rows, row, 0, width, x);
        for (uint32_t c = 0; c < width; c++) {
            const double difference = (double)x[c] - (double)centre[c];

            square += difference * difference;
        }
        if (d->each != NULL) {
            d->each[row] = (float)square;
        }
        sum += square;
    }
    d->sums[index] = sum;
}

double cluster_kmeans_distances(cluster_kmeans *k, float *each)
{
    const uint32_t blocks = cluster_blocks(k->rows.count);
    distances d = {k, each, k->block_sums};
    double sum = 0.0;

    cluster_run_mine(k->workers, distance_task, &d, blocks, 1);
    cluster_gather(d.sums, sizeof *d.sums, blocks, 1);
    if (each != NULL) {
        cluster_gather(each, sizeof *each, k->rows.count, CLUSTER_BLOCK);
    }
    for (uint32_t i = 0; i < blocks; i++) {
        sum += d.sums[i];
    }
    return sum;
}

/* ---- empty clusters ----------------------------------------------------- */

static uint32_t empty_clusters(const cluster_kmeans *k)
{
    uint32_t count = 0;

    for (uint32_t c = 0; c < k->options.clusters; c++) {
        count += k->counts[c] == 0;
    }
    return count;
}

/* The rows farthest from their centres, the farthest first; with sign 1 the
 * first `given` ones go to the empty clusters, with -1 they come back. */
static void relocate(cluster_kmeans *k, const cluster_scored *far,
                     const uint32_t *to, uint32_t given, int64_t sign)
{
    const uint32_t width = k->rows.width;

    for (uint32_t i = 0; i < given; i++) {
        const int32_t from = k->labels[far[i].index];
        int64_t *source = k->sums + (size_t)from * width;
        int64_t *target = k->sums + (size_t)to[i] * width;

        k->counts[from] -= sign;
        k->counts[to[i]] += sign;
        for (uint32_t c = 0; c < width; c++) {
            float x;

            cluster_row_part(&k->rows, far[i].index, c, 1, &x);
            source[c] -= sign * whole(k, x);
            target[c] += sign * whole(k, x);
        }
    }
}

/* Lists the empty clusters and the rows that they take; returns how many. */
static uint32_t find_far(cluster_kmeans *k, uint32_t empty,
                         cluster_scored *far, uint32_t *to)
{
    uint32_t n = 0;

    cluster_kmeans_know_labels(k);
    (void)cluster_kmeans_distances(k, k->distances);
    cluster_top_clear(far, empty);
    for (uint64_t row = 0; row < k->rows.count; row++) {
        cluster_top_offer(far, empty,
                          (cluster_scored){k->distances[row], (uint32_t)row});
    }
    cluster_top_sort(far, empty);
    for (uint32_t c = 0; c < k->options.clusters; c++) {
        if (k->counts[c] == 0) {
            to[n++] = c;
        }
    }
    return far[0].value > 0.0f ? empty : 0;
}

/* ---- means -------------------------------------------------------------- */

static void mean_task(void *arg, uint32_t index, uint32_t worker)
{
    cluster_kmeans *k = arg;
    const uint32_t width = k->rows.width;
    const uint32_t source = k->counts[index] > 0 ? index : k->largest;
    const int64_t *sum = k->sums + (size_t)source * width;
    const double factor = k->unit / (double)k->counts[source];
    float *centre = k->centres + (size_t)index * width;
    double square = 0.0;

    (void)worker;
    for (uint32_t c = 0; c < width; c++) {
        const float mean = (float)((double)sum[c] * factor);
        const double move = (double)mean - (double)centre[c];

        square += move * move;
        centre[c] = mean;
    }
    k->moves[index] = sqrt(square);
}

static void set_means(cluster_kmeans *k)
{
    k->largest = 0;
    for (uint32_t c = 1; c < k->options.clusters; c++) {
        if (k->counts[c] > k->counts[k->largest]) {
            k->largest = c;
        }
    }
    cluster_run(k->workers, mean_task, k, k->options.clusters);
}

double cluster_kmeans_move(cluster_kmeans *k)
{
    const uint32_t empty = empty_clusters(k);
    uint32_t given = 0;
    double sum = 0.0;

    if (empty > 0) {
        given = find_far(k, empty, k->far, k->far_to);
        relocate(k, k->far, k->far_to, given, 1);
    }
    set_means(k);
    relocate(k, k->far, k->far_to, given, -1);
    for (uint32_t c = 0; c < k->options.clusters; c++) {
        sum += k->moves[c] * k->moves[c];
    }
    return sum;
}
