/* SPDX-License-Identifier: MIT
 *
 * knn.c - a group of queries against all rows, chunk by chunk. */
#include "cluster/knn.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cluster/panels.h"
#include "host/execution/agreement.h"

/* Rows that are packed at a time. */
#define CHUNK 4096u

/* Queries and panels of a task's scores: whole tiles, and so many panels
 * that the next ones are fetched meanwhile. */
#define QUERIES 96u
#define PANELS 16u

static uint32_t smaller(uint64_t a, uint32_t b)
{
    return a < b ? (uint32_t)a : b;
}

bool cluster_knn_open(cluster_knn *n, const cluster_rows *rows, uint32_t k,
                      const cluster_workers *workers, host_failure *f)
{
    const uint32_t most = smaller(rows->count, CLUSTER_QUERIES);

    *n = (cluster_knn){.rows = *rows, .workers = workers, .k = k};
    if (k == 0 || k >= rows->count) {
        return host_fail(f,
                         "wanted 1 to %" PRIu64 " neighbours, as many as "
                         "other rows, got %" PRIu32,
                         rows->count - 1, k);
    }
    n->scratch_step =
        ((size_t)QUERIES * rows->width + QUERIES * PANELS * CLUSTER_PANEL) *
        sizeof(float);
    n->factor = malloc(rows->count * sizeof *n->factor);
    n->packed =
        malloc(cluster_packed(smaller(rows->count, CHUNK), rows->width) *
               sizeof *n->packed);
    n->scratch = malloc(workers->count * n->scratch_step);
    n->found = malloc((size_t)most * k * sizeof *n->found);
    const bool good = n->factor != NULL && n->packed != NULL &&
                      n->scratch != NULL && n->found != NULL;

    if (!host_agree(good || host_fail(f, "out of memory for neighbours"),
                    f) ||
        !cluster_rows_unit(rows, workers, n->factor, f)) {
        cluster_knn_close(n);
        return false;
    }
    n->rows.factor = n->factor;
    return true;
}

void cluster_knn_close(cluster_knn *n)
{
    free(n->factor);
    free(n->packed);
    free(n->scratch);
    free(n->found);
    *n = (cluster_knn){0};
}

static void pack_task(void *arg, uint32_t index, uint32_t worker)
{
    const cluster_knn *n = arg;
    const uint32_t width = n->rows.width, row = index * CLUSTER_PANEL;
    const uint64_t first = n->chunk + row;
    const uint32_t count = smaller(n->rows.count - first, CLUSTER_PANEL);
    void *scratch = n->scratch + worker * n->scratch_step;
    float *x = scratch;

    cluster_rows_load(&n->rows, first, count, x);
    cluster_pack(n->packed + (size_t)row * width, x, width, count, width);
}

/* Offers the scores of one query with rows first .. first + columns - 1. */
static void offer(const cluster_knn *n, uint64_t query, const float *scores,
                  uint64_t first, uint32_t columns)
{
    cluster_scored *top = n->found + (query - n->first) * n->k;
    float largest[PANELS];

    n->workers->kernels->largest(scores, NULL, cluster_panels(columns),
                                 largest);
    for (uint32_t p = 0; p < cluster_panels(columns); p++) {
        if (!(largest[p] >= top[0].value)) {
            continue;
        }
        for (uint32_t c = p * CLUSTER_PANEL;
             c < (p + 1) * CLUSTER_PANEL && c < columns; c++) {
            const cluster_scored item = {scores[c], (uint32_t)(first + c)};

            if (first + c != query) {
                cluster_top_offer(top, n->k, item);
            }
        }
    }
}

static void query_task(void *arg, uint32_t index, uint32_t worker)
{
    const cluster_knn *n = arg;
    const uint32_t width = n->rows.width;
    const uint64_t query = n->first + index * QUERIES;
    const uint32_t queries = smaller(n->first + n->queries - query, QUERIES);
    const uint32_t rows = smaller(n->rows.count - n->chunk, CHUNK);
    void *scratch = n->scratch + worker * n->scratch_step;
    float *x = scratch, *scores = x + (size_t)QUERIES * width;
    cluster_product product = {
        .a = x,
        .a_row = width,
        .runs = 1,
        .length = width,
        .out = scores,
        .out_row = PANELS * CLUSTER_PANEL,
        .out_panel = CLUSTER_PANEL,
    };

    cluster_rows_load(&n->rows, query, queries, x);
    for (uint32_t row = 0; row < rows; row += PANELS * CLUSTER_PANEL) {
        const uint32_t columns = smaller(rows - row, PANELS * CLUSTER_PANEL);

        product.b = n->packed + (size_t)row * width;
        product.panels = cluster_panels(columns);
        n->workers->kernels->multiply(&product, queries);
        for (uint32_t i = 0; i < queries; i++) {
            offer(n, query + i, scores + i * product.out_row, n->chunk + row,
                  columns);
        }
    }
}

static void sort_task(void *arg, uint32_t index, uint32_t worker)
{
    const cluster_knn *n = arg;

    (void)worker;
    cluster_top_sort(n->found + (size_t)index * n->k, n->k);
}

void cluster_knn_group(cluster_knn *n, uint64_t first, uint64_t end)
{
    n->first = first;
    n->queries = smaller(end - first, CLUSTER_QUERIES);
    cluster_top_clear(n->found, n->queries * n->k);
    for (n->chunk = 0; n->chunk < n->rows.count; n->chunk += CHUNK) {
        const uint32_t rows = smaller(n->rows.count - n->chunk, CHUNK);

        cluster_run(n->workers, pack_task, n, cluster_panels(rows));
        cluster_run(n->workers, query_task, n,
                    (n->queries + QUERIES - 1) / QUERIES);
    }
    cluster_run(n->workers, sort_task, n, n->queries);
}
