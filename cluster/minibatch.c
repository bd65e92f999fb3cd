/* SPDX-License-Identifier: MIT
 *
 * minibatch.c - a batch: drawn, assigned, and taken over by the centres. */
#include "cluster/minibatch.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/kmeans_parts.h"
#include "cluster/draws.h"
#include "cluster/shares.h"
#include "host/execution/agreement.h"

/* Steps without a lower inertia that end a run. */
#define PATIENCE 10u

/* Clusters below this share of the largest count are replaced, once every
 * so many rows per cluster. */
#define SHARE 0.01
#define ROWS_PER_CLUSTER 10u

static uint32_t tasks(const cluster_minibatch *m)
{
    return (m->batch + CLUSTER_GROUP - 1) / CLUSTER_GROUP;
}

bool cluster_minibatch_open(cluster_minibatch *m, cluster_kmeans *k,
                            uint32_t batch, host_failure *f)
{
    const uint32_t clusters = k->options.clusters;

    if (batch > k->rows.count) {
        batch = (uint32_t)k->rows.count;
    }
    *m = (cluster_minibatch){.k = k, .batch = batch};
    m->x = malloc((size_t)batch * k->rows.width * sizeof *m->x);
    m->rows = malloc(batch * sizeof *m->rows);
    m->found = malloc(batch * sizeof *m->found);
    m->members = malloc(batch * sizeof *m->members);
    m->first = malloc((clusters + 1) * sizeof *m->first);
    m->inertia = malloc(tasks(m) * sizeof *m->inertia);
    m->order = malloc(clusters * sizeof *m->order);
    const bool good = m->x != NULL && m->rows != NULL && m->found != NULL &&
                      m->members != NULL && m->first != NULL &&
                      m->inertia != NULL && m->order != NULL;

    if (!host_agree(good || host_fail(f,
                                      "out of memory for batches of %" PRIu32
                                      " rows",
                                      batch),
                    f)) {
        cluster_minibatch_close(m);
        return false;
    }
    return true;
}

void cluster_minibatch_close(cluster_minibatch *m)
{
    free(m->x);
    free(m->rows);
    free(m->found);
    free(m->members);
    free(m->first);
    free(m->inertia);
    free(m->order);
    *m = (cluster_minibatch){0};
}

/* ---- a batch ------------------------------------------------------------ */

/* Rows of a task: whole tiles. */
static uint32_t group_of(const cluster_minibatch *m, uint32_t first)
{
    const uint32_t left = m->batch - first;

    return left < CLUSTER_GROUP ? left : CLUSTER_GROUP;
}

/* Every rank has all of the batch, to move the centres by. */
static void load_task(void *arg, uint32_t index, uint32_t worker)
{
    cluster_minibatch *m = arg;
    const uint32_t width = m->k->rows.width, first = index * CLUSTER_GROUP;
    const uint32_t end = first + group_of(m, first);

    (void)worker;
    for (uint32_t i = first; i < end; i++) {
        cluster_row_part(&m->k->rows, m->rows[i], 0, width,
                         m->x + (size_t)i * width);
    }
}

static void nearest_task(void *arg, uint32_t index, uint32_t worker)
{
    cluster_minibatch *m = arg;
    cluster_kmeans *k = m->k;
    const uint32_t first = index * CLUSTER_GROUP, n = group_of(m, first);
    void *scratch = k->scratch + worker * k->scratch_step;
    double sum = 0.0;

    cluster_nearest_find(&k->packed, k->workers->kernels,
                         m->x + (size_t)first * k->rows.width, n, scratch,
                         m->found + first);
    for (uint32_t i = 0; i < n; i++) {
        const float square = k->squares[m->rows[first + i]];

        sum += (double)fmaxf(square - m->found[first + i].score, 0.0f);
    }
    m->inertia[index] = sum;
}

/* Assigns m->rows to the centres; returns their inertia. */
static double assign(cluster_minibatch *m)
{
    double sum = 0.0;

    cluster_centres_set(&m->k->packed, m->k->centres, m->k->workers);
    cluster_run(m->k->workers, load_task, m, tasks(m));
    cluster_run_mine(m->k->workers, nearest_task, m, tasks(m), 1);
    cluster_gather(m->found, sizeof *m->found, m->batch, CLUSTER_GROUP);
    cluster_gather(m->inertia, sizeof *m->inertia, tasks(m), 1);
    for (uint32_t i = 0; i < tasks(m); i++) {
        sum += m->inertia[i];
    }
    return sum;
}

static void draw(cluster_minibatch *m, uint32_t run, uint64_t step)
{
    const host_random_key key = {.seed = m->k->options.seed,
                                 .purpose = CLUSTER_DRAW_BATCH,
                                 .step = (uint32_t)step,
                                 .image = run};

    for (uint32_t i = 0; i < m->batch; i++) {
        m->rows[i] = (uint32_t)(host_random_uniform(&key, i) *
                                (double)m->k->rows.count);
    }
}

/* The batch's rows by cluster, in order. */
static void sort_members(cluster_minibatch *m)
{
    const uint32_t clusters = m->k->options.clusters;

    memset(m->first, 0, (clusters + 1) * sizeof *m->first);
    for (uint32_t i = 0; i < m->batch; i++) {
        m->first[m->found[i].index + 1]++;
    }
    for (uint32_t c = 0; c < clusters; c++) {
        m->first[c + 1] += m->first[c];
    }
    for (uint32_t i = m->batch; i-- > 0;) {
        /* From behind: an end becomes a beginning. */
        m->members[--m->first[m->found[i].index + 1]] = i;
    }
    memmove(m->first, m->first + 1, clusters * sizeof *m->first);
    m->first[clusters] = m->batch;
}

static void move_task(void *arg, uint32_t index, uint32_t worker)
{
    cluster_minibatch *m = arg;
    const uint32_t width = m->k->rows.width;
    const uint32_t first = m->first[index], end = m->first[index + 1];
    const double before = (double)m->k->counts[index];
    const double factor = 1.0 / (before + (double)(end - first));
    float *centre = m->k->centres + (size_t)index * width;

    (void)worker;
    for (uint32_t c = 0; first < end && c < width; c++) {
        double sum = before * (double)centre[c];

        for (uint32_t i = first; i < end; i++) {
            sum += (double)m->x[(size_t)m->members[i] * width + c];
        }
        centre[c] = (float)(sum * factor);
    }
    m->k->counts[index] += end - first;
}

/* ---- small clusters ----------------------------------------------------- */

static int by_count(const void *a, const void *b)
{
    const struct cluster_count *x = a, *y = b;

    if (x->count != y->count) {
        return x->count < y->count ? -1 : 1;
    }
    return x->cluster < y->cluster ? -1 : 1;
}

/* Orders clusters from the smallest on; returns how many are replaced. */
static uint32_t find_small(cluster_minibatch *m)
{
    const uint32_t clusters = m->k->options.clusters;
    uint32_t small = 0;

    for (uint32_t c = 0; c < clusters; c++) {
        m->order[c] = (struct cluster_count){m->k->counts[c], c};
    }
    qsort(m->order, clusters, sizeof *m->order, by_count);
    while (small < m->batch / 2 &&
           (double)m->order[small].count <
               SHARE * (double)m->order[clusters - 1].count) {
        small++;
    }
    return small;
}

/* Permutations of a batch are numbered from 2^32 on: those before are of all
 * rows. */
static void replace_small(cluster_minibatch *m)
{
    const size_t width = m->k->rows.width;
    const uint32_t small = find_small(m);

    for (uint32_t i = 0; i < small; i++) {
        const uint32_t cluster = m->order[i].cluster;
        const uint64_t row = host_random_permuted(
            m->k->options.seed, m->state.step + ((uint64_t)1 << 32), m->batch,
            i);

        memcpy(m->k->centres + cluster * width, m->x + row * width,
               width * sizeof(float));
        m->k->counts[cluster] = m->order[small].count;
    }
}

/* Whether it is time to. */
static bool replacing(cluster_minibatch *m)
{
    const uint32_t clusters = m->k->options.clusters;
    bool any = false;

    m->state.since += m->batch;
    for (uint32_t c = 0; c < clusters; c++) {
        any = any || m->k->counts[c] == 0;
    }
    if (any || m->state.since >= (uint64_t)ROWS_PER_CLUSTER * clusters) {
        m->state.since = 0;
        any = true;
    }
    return any;
}

/* ---- a run -------------------------------------------------------------- */

/* Copies rows drawn for seeding as rows of their own, and places the centres
 * on those that k-means++ or chance chooses. */
static bool seed_among(cluster_minibatch *m, uint32_t run, uint32_t count,
                       host_failure *f)
{
    cluster_kmeans *k = m->k;
    const size_t width = k->rows.width;
    float *x = malloc(count * width * sizeof *x);
    cluster_kmeans sample;
    cluster_rows rows = {.values = x, .count = count, .width = k->rows.width};
    cluster_kmeans_options options = k->options;
    const host_random_key key = {.seed = options.seed,
                                 .step = UINT32_MAX,
                                 .purpose = CLUSTER_DRAW_BATCH,
                                 .image = run};
    bool good =
        host_agree(x != NULL || host_fail(f, "out of memory for seeds"), f);

    for (uint32_t i = 0; good && i < count; i++) {
        cluster_row_part(
            &k->rows,
            (uint64_t)(host_random_uniform(&key, i) * (double)k->rows.count),
            0, k->rows.width, x + i * width);
    }
    good =
        good && cluster_kmeans_open(&sample, &rows, &options, k->workers, f);
    if (good) {
        good = cluster_kmeans_begin(&sample, run, f);
        for (size_t i = 0; good && i < options.clusters * width; i++) {
            k->centres[i] = sample.centres[i] + sample.mean[i % width];
        }
        cluster_kmeans_close(&sample);
    }
    free(x);
    return good;
}

/* Seeds of one run, and how well they suit the rows in m->rows. */
static bool seed_run(cluster_minibatch *m, uint32_t run, double *inertia,
                     host_failure *f)
{
    const uint64_t rows = m->k->rows.count;
    const uint32_t clusters = m->k->options.clusters;
    const uint64_t wanted =
        3 * (uint64_t)(m->batch * 3 < clusters ? clusters : m->batch);

    if (m->k->options.seeding == CLUSTER_SEEDING_given) {
        if (!cluster_kmeans_begin(m->k, run, f)) {
            return false;
        }
    } else if (!seed_among(m, run, (uint32_t)(wanted < rows ? wanted : rows),
                           f)) {
        return false;
    }
    *inertia = assign(m);
    return true;
}

bool cluster_minibatch_begin(cluster_minibatch *m, uint32_t runs,
                             host_failure *f)
{
    cluster_kmeans *k = m->k;
    const size_t bytes =
        (size_t)k->options.clusters * k->rows.width * sizeof(float);
    double least = HUGE_VAL, inertia;

    cluster_kmeans_clear(k, 0);
    m->state =
        (cluster_minibatch_state){.smoothed = HUGE_VAL, .least = HUGE_VAL};
    draw(m, UINT32_MAX, 0);
    for (uint32_t run = 0; run < runs; run++) {
        if (!seed_run(m, run, &inertia, f)) {
            return false;
        }
        if (inertia < least) {
            least = inertia;
            k->run = run;
            memcpy(k->best.centres, k->centres, bytes);
        }
    }
    memcpy(k->centres, k->best.centres, bytes);
    return true;
}

/* Whether the inertia of the batches goes on falling. */
static bool falling(cluster_minibatch *m, double inertia)
{
    cluster_minibatch_state *s = &m->state;
    const double share =
        fmin(2.0 * m->batch / ((double)m->k->rows.count + 1.0), 1.0);

    if (s->step == 1) {
        return true; /* that of the seeds */
    }
    s->smoothed = isinf(s->smoothed)
                      ? inertia
                      : s->smoothed * (1.0 - share) + inertia * share;
    if (s->smoothed < s->least) {
        s->least = s->smoothed;
        s->worse = 0;
    } else {
        s->worse++;
    }
    return s->worse < PATIENCE;
}

bool cluster_minibatch_step(cluster_minibatch *m)
{
    cluster_kmeans *k = m->k;
    const uint64_t rows = k->rows.count;
    const uint64_t steps = k->options.iterations * rows / m->batch;
    const bool replace = replacing(m);
    double inertia;

    draw(m, k->run, m->state.step);
    inertia = assign(m) / m->batch;
    sort_members(m);
    cluster_run(k->workers, move_task, m, k->options.clusters);
    if (replace) {
        replace_small(m);
    }
    m->state.step++;
    k->iteration = (uint32_t)((m->state.step * m->batch + rows - 1) / rows);
    return falling(m, inertia) && m->state.step < steps;
}
