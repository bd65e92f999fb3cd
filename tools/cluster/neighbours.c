/* SPDX-License-Identifier: MIT
 *
 * neighbours.c - neighbours of all rows in memory: found now by all ranks, or
 * read. */
#include "tools/cluster/neighbours.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cluster/knn.h"
#include "cluster/shares.h"
#include "host/execution/agreement.h"
#include "host/execution/ranks.h"

void cluster_neighbours_show(cluster_session *s, uint64_t done, uint64_t rows)
{
    const cluster_shown shown[] = {{"neighbours of row", (double)done},
                                   {"of", (double)rows}};

    cluster_show_progress(s, shown, 2);
}

/* ---- found -------------------------------------------------------------- */

/* Ranks share rows by the handful: no group is so small that it would matter,
 * nor one rank's part that it could be none but of very few rows. */
#define SHARED_ROWS 64u

/* This rank's next group, if it has not done its part. */
static void find_group(cluster_knn *n, const cluster_share *mine,
                       uint64_t *done, uint32_t *out)
{
    const uint64_t first = mine->first + *done;

    if (*done < mine->count) {
        cluster_knn_group(n, first, mine->first + mine->count);
        for (size_t i = 0; i < (size_t)n->queries * n->k; i++) {
            out[first * n->k + i] = n->found[i].index;
        }
        *done += n->queries;
    }
}

/* Ranks go on together, until the one with the largest part, the first, is
 * done. */
static bool find_part(cluster_session *s, cluster_knn *n, uint32_t *out,
                      host_failure *f)
{
    const cluster_share mine = cluster_share_mine(n->rows.count, SHARED_ROWS);
    uint64_t done = 0;
    bool more = true;

    while (more) {
        cluster_neighbours_show(s, done, mine.count);
        if (!cluster_go_on(s, f)) {
            return false;
        }
        find_group(n, &mine, &done, out);
        more = done < mine.count;
        host_ranks_broadcast(0, &more, sizeof more);
    }
    cluster_gather(out, n->k * sizeof *out, n->rows.count, SHARED_ROWS);
    return true;
}

static uint32_t *find_all(cluster_session *s, const cluster_features *x,
                          host_failure *f)
{
    const uint32_t k = s->settings->temi.neighbours;
    const uint64_t rows = x->rows.count;
    const cluster_rows stored = {
        .values = x->rows.values, .count = rows, .width = x->rows.width};
    uint32_t *out = malloc(rows * k * sizeof *out);
    cluster_knn n = {0};
    const bool good =
        host_agree(
            out != NULL || host_fail(f, "out of memory for neighbours"), f) &&
        cluster_knn_open(&n, &stored, k, &s->workers, f) &&
        find_part(s, &n, out, f);

    cluster_knn_close(&n);
    if (!good) {
        free(out);
        return NULL;
    }
    return out;
}

/* ---- read --------------------------------------------------------------- */

/* The first columns of a file that knn wrote. */
static uint32_t *read_all(const char *path, const cluster_features *x,
                          uint32_t k, host_failure *f)
{
    const uint64_t rows = x->rows.count;
    host_npy npy;
    uint32_t *out = NULL;

    if (!host_npy_open(&npy, path, f)) {
        return NULL;
    }
    const cg_array *a = &npy.array;
    bool good = (a->rank == 2 && a->shape[0] == rows && a->shape[1] >= k &&
                 a->dtype == CG_I32) ||
                host_fail(f,
                          "%s: wanted %" PRIu64 " rows of %" PRIu32
                          " int32 or more; find neighbours of these features",
                          path, rows, k);

    out = good ? malloc(rows * k * sizeof *out) : NULL;
    good = good && (out != NULL || host_fail(f, "%s: out of memory", path));
    for (uint64_t i = 0; good && i < rows * k; i++) {
        const double value = cg_element(a, i / k * a->shape[1] + i % k);

        good = (value >= 0.0 && value < (double)rows) ||
               host_fail(f,
                         "%s: a neighbour of row %" PRIu64 " is %.0f; "
                         "wanted 0 to %" PRIu64,
                         path, i / k, value, rows - 1);
        out[i] = good ? (uint32_t)value : 0;
    }
    host_npy_close(&npy);
    if (!good) {
        free(out);
        return NULL;
    }
    return out;
}

uint32_t *cluster_neighbours_get(cluster_session *s,
                                 const cluster_features *x, host_failure *f)
{
    const cluster_settings *o = s->settings;
    uint32_t *out;

    if (o->knn == NULL) {
        return find_all(s, x, f);
    }
    out = read_all(o->knn, x, o->temi.neighbours, f);
    if (!host_agree(out != NULL, f)) {
        free(out);
        return NULL;
    }
    return out;
}
