/* SPDX-License-Identifier: MIT
 *
 * scores.c - usage, and agreement from a table of contingency. */
#include "cluster/scores.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "cluster/contingency.h"
#include "cluster/expected_information.h"

/* ---- usage -------------------------------------------------------------- */

static void count(cluster_usage *u, const uint64_t *rows)
{
    double logarithms = 0.0;

    for (uint32_t c = 0; c < u->clusters; c++) {
        if (rows[c] == 0) {
            continue;
        }
        if (u->used == 0 || rows[c] < u->smallest) {
            u->smallest = rows[c];
        }
        if (rows[c] > u->largest) {
            u->largest = rows[c];
        }
        u->used++;
        logarithms += log((double)rows[c] / (double)u->rows);
    }
    u->r_c = (double)u->used / u->clusters;
    u->kl = -log(u->used) - logarithms / u->used;
}

bool cluster_usage_of(cluster_usage *u, const int32_t *ids, uint64_t rows,
                      uint32_t clusters, host_failure *f)
{
    uint64_t *of_cluster = calloc(clusters, sizeof *of_cluster);
    bool good =
        of_cluster != NULL ||
        host_fail(f, "out of memory for %" PRIu32 " clusters", clusters);

    *u = (cluster_usage){.rows = rows, .clusters = clusters};
    for (uint64_t i = 0; good && i < rows; i++) {
        if (ids[i] < 0 || (uint32_t)ids[i] >= clusters) {
            good = host_fail(
                f, "id %" PRIu64 " is %" PRId32 "; wanted 0 to %" PRIu32, i,
                ids[i], clusters - 1);
        } else {
            of_cluster[ids[i]]++;
        }
    }
    if (good) {
        count(u, of_cluster);
    }
    free(of_cluster);
    return good;
}

/* ---- information -------------------------------------------------------- */

static double entropy(const uint64_t *rows, uint32_t count, double total)
{
    double sum = 0.0;

    for (uint32_t i = 0; i < count; i++) {
        const double share = (double)rows[i] / total;

        sum -= share * log(share);
    }
    return sum;
}

static double information(const cluster_contingency *c)
{
    const double total = (double)c->rows;
    double sum = 0.0;

    for (size_t i = 0; i < c->cell_count; i++) {
        const cluster_cell *cell = &c->cells[i];
        const double rows = (double)cell->rows;
        const double expected = (double)c->cluster_rows[cell->cluster] *
                                ((double)c->label_rows[cell->label] / total);

        sum += rows / total * log(rows / expected);
    }
    return fmax(sum, 0.0);
}

/* Away from 0, keeping its sign. */
static double not_zero(double x)
{
    return x < 0.0 ? fmin(x, -DBL_EPSILON) : fmax(x, DBL_EPSILON);
}

static bool set_information(cluster_agreement *a,
                            const cluster_contingency *c)
{
    const double total = (double)c->rows;
    const double mean = 0.5 * (entropy(c->cluster_rows, c->clusters, total) +
                               entropy(c->label_rows, c->labels, total));
    const double shared = information(c);
    double expected;

    if (c->clusters == 1 || c->labels == 1) {
        a->nmi = a->ami = c->clusters == c->labels;
        return true;
    }
    if (!cluster_expected_information(c, &expected)) {
        return false;
    }
    a->nmi = shared <= DBL_EPSILON ? 0.0 : shared / mean;
    a->ami = not_zero(shared - expected) / not_zero(mean - expected);
    return true;
}

/* ---- pairs -------------------------------------------------------------- */

static double squares(const uint64_t *rows, uint32_t count)
{
    double sum = 0.0;

    for (uint32_t i = 0; i < count; i++) {
        sum += (double)rows[i] * (double)rows[i];
    }
    return sum;
}

/* Ordered pairs of rows: together in both, in one, in the other, in none. */
static double pairs_agreement(const cluster_contingency *c)
{
    const double n = (double)c->rows;
    const double clusters = squares(c->cluster_rows, c->clusters);
    const double labels = squares(c->label_rows, c->labels);
    double cells = 0.0;

    for (size_t i = 0; i < c->cell_count; i++) {
        cells += (double)c->cells[i].rows * (double)c->cells[i].rows;
    }
    const double both = cells - n, one = clusters - cells;
    const double other = labels - cells;
    const double none = n * n - clusters - labels + cells;

    if (one == 0.0 && other == 0.0) {
        return 1.0;
    }
    return 2.0 * (both * none - one * other) /
           ((both + one) * (one + none) + (both + other) * (other + none));
}

/* ---- accuracy ----------------------------------------------------------- */

/* Rows that clusters and classes share, as a matrix whose shorter side is
 * its rows. */
typedef struct shared {
    uint32_t *rows; /* [height][width] */
    uint32_t height, width;
    bool by_label; /* classes are the rows */
} shared;

static int64_t minus_shared(const void *arg, uint32_t row, uint32_t column)
{
    const shared *s = arg;

    return -(int64_t)s->rows[(size_t)row * s->width + column];
}

static bool open_shared(shared *s, const cluster_contingency *c)
{
    s->by_label = c->labels < c->clusters;
    s->height = s->by_label ? c->labels : c->clusters;
    s->width = s->by_label ? c->clusters : c->labels;
    s->rows = calloc((size_t)s->height * s->width, sizeof *s->rows);
    for (size_t i = 0; s->rows != NULL && i < c->cell_count; i++) {
        const cluster_cell *cell = &c->cells[i];
        const size_t row = s->by_label ? cell->label : cell->cluster;
        const size_t column = s->by_label ? cell->cluster : cell->label;

        s->rows[row * s->width + column] = (uint32_t)cell->rows;
    }
    return s->rows != NULL;
}

/* Of every cluster, the rows of the class that it has most of. */
static uint64_t majority(const cluster_contingency *c, const bool *matched)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < c->cell_count;) {
        const uint32_t cluster = c->cells[i].cluster;
        uint64_t most = 0;

        for (; i < c->cell_count && c->cells[i].cluster == cluster; i++) {
            most = c->cells[i].rows > most ? c->cells[i].rows : most;
        }
        sum += matched[cluster] ? 0 : most;
    }
    return sum;
}

static bool set_accuracy(cluster_agreement *a, const cluster_contingency *c)
{
    shared s;
    uint32_t *column_of = malloc(c->labels * sizeof *column_of +
                                 c->clusters * sizeof *column_of);
    bool *matched = calloc(c->clusters, sizeof *matched);
    bool good = open_shared(&s, c) && column_of != NULL && matched != NULL &&
                cluster_match(minus_shared, &s, s.height, s.width, column_of);
    uint64_t right = 0;

    for (uint32_t row = 0; good && row < s.height; row++) {
        const uint32_t column = column_of[row];
        const uint32_t rows = s.rows[(size_t)row * s.width + column];

        right += rows;
        if (s.by_label && rows > 0) {
            matched[column] = true;
        }
    }
    if (good && s.by_label) {
        right += majority(c, matched);
    }
    a->acc = (double)right / (double)c->rows;
    free(s.rows);
    free(column_of);
    free(matched);
    return good;
}

bool cluster_agreement_of(cluster_agreement *a, const int32_t *ids,
                          const int32_t *labels, uint64_t rows,
                          host_failure *f)
{
    cluster_contingency c;
    bool good = cluster_contingency_open(&c, ids, labels, rows);

    *a = (cluster_agreement){0};
    if (good) {
        a->ari = pairs_agreement(&c);
        good = set_information(a, &c) && set_accuracy(a, &c);
    }
    cluster_contingency_close(&c);
    return good || host_fail(f, "out of memory for a table of clusters by "
                                "classes");
}
