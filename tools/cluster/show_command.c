/* SPDX-License-Identifier: MIT
 *
 * show_command.c - cedm-cluster show: a row of images for each cluster, so
 * that a person sees what it is. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/top.h"
#include "host/files/dataset.h"
#include "host/files/output.h"
#include "host/files/png_file.h"
#include "tools/cluster/cluster_files.h"

typedef struct sheet {
    cluster_session *s;
    int32_t *ids;
    uint64_t count;
    uint32_t clusters;
    float *distances; /* [count]: of every image from its cluster's mean */
    cluster_scored *shown; /* [clusters][columns] */
} sheet;

/* ---- nearest first ------------------------------------------------------ */

/* Means of the clusters, [clusters][width], in double precision. */
static double *means_of(const sheet *t, const cluster_rows *rows)
{
    const size_t width = rows->width;
    double *sums = calloc(t->clusters * (width + 1), sizeof *sums);
    float *x = malloc(width * sizeof *x);

    for (uint64_t i = 0; sums != NULL && x != NULL && i < rows->count; i++) {
        double *sum = sums + (size_t)t->ids[i] * (width + 1);

        cluster_rows_load(rows, i, 1, x);
        for (size_t c = 0; c < width; c++) {
            sum[c] += (double)x[c];
        }
        sum[width] += 1.0;
    }
    if (x == NULL) {
        free(sums);
        sums = NULL;
    }
    free(x);
    return sums;
}

static bool set_distances(sheet *t, const cluster_rows *rows, host_failure *f)
{
    const size_t width = rows->width;
    double *sums = means_of(t, rows);
    float *x = malloc(width * sizeof *x);

    if (sums == NULL || x == NULL) {
        free(sums);
        free(x);
        return host_fail(f, "out of memory for the clusters' means");
    }
    for (uint64_t i = 0; i < rows->count; i++) {
        const double *sum = sums + (size_t)t->ids[i] * (width + 1);
        double square = 0.0;

        cluster_rows_load(rows, i, 1, x);
        for (size_t c = 0; c < width; c++) {
            const double difference = (double)x[c] - sum[c] / sum[width];

            square += difference * difference;
        }
        t->distances[i] = (float)square;
    }
    free(sums);
    free(x);
    return true;
}

/* Without features the order of the data set counts. */
static bool measure(sheet *t, host_failure *f)
{
    cluster_features x;

    if (t->s->settings->features == NULL) {
        return true;
    }
    const bool good = cluster_features_open(&x, t->s, false, f) &&
                      (x.rows.count == t->count ||
                       host_fail(f,
                                 "%s: wanted a row for each of %" PRIu64
                                 " ids, got %" PRIu64,
                                 x.path, t->count, x.rows.count)) &&
                      set_distances(t, &x.rows, f);

    cluster_features_close(&x);
    return good;
}

/* ---- the sheet ---------------------------------------------------------- */

static bool open_sheet(sheet *t, host_failure *f)
{
    const size_t columns = t->s->settings->columns;

    t->ids = cluster_ids_read(t->s->settings->operand, &t->count, f);
    if (t->ids == NULL) {
        return false;
    }
    for (uint64_t i = 0; i < t->count; i++) {
        if ((uint32_t)t->ids[i] >= t->clusters) {
            t->clusters = (uint32_t)t->ids[i] + 1;
        }
    }
    t->distances = calloc(t->count, sizeof *t->distances);
    t->shown = t->clusters <= 1u << 20
                   ? malloc(t->clusters * columns * sizeof *t->shown)
                   : NULL;
    return (t->distances != NULL && t->shown != NULL) ||
           host_fail(f, "%s: out of memory for %" PRIu32 " clusters",
                     t->s->settings->operand, t->clusters);
}

static void choose(sheet *t)
{
    const uint32_t columns = (uint32_t)t->s->settings->columns;

    cluster_top_clear(t->shown, t->clusters * columns);
    for (uint64_t i = 0; i < t->count; i++) {
        cluster_top_offer(t->shown + (size_t)t->ids[i] * columns, columns,
                          (cluster_scored){-t->distances[i], (uint32_t)i});
    }
    for (uint32_t c = 0; c < t->clusters; c++) {
        cluster_top_sort(t->shown + (size_t)c * columns, columns);
    }
}

/* Clusters without images have no row. */
static bool draw(const sheet *t, const host_dataset *d, host_failure *f)
{
    const uint64_t columns = t->s->settings->columns;
    const size_t bytes = (size_t)d->size * d->size * d->channels;
    host_png_grid grid;
    uint64_t rows = 0, cell = 0;
    size_t size = 0;

    for (uint32_t c = 0; c < t->clusters; c++) {
        rows += t->shown[c * columns].index != UINT32_MAX;
    }
    if (!host_png_grid_make(&grid, d->size, d->channels, columns, rows, f)) {
        return false;
    }
    for (uint32_t c = 0; c < t->clusters; c++) {
        const cluster_scored *row = t->shown + c * columns;

        for (uint64_t i = 0; row[0].index != UINT32_MAX && i < columns;
             i++, cell++) {
            if (row[i].index != UINT32_MAX) {
                host_png_grid_set(&grid, cell,
                                  d->pixels + row[i].index * bytes);
            }
        }
    }
    unsigned char *png = host_png_file_encode(
        grid.pixels, grid.size * grid.columns, grid.size * grid.rows,
        grid.channels, "{\"sheet\":\"clusters\"}", &size, f);
    const bool good = png != NULL &&
                      host_output_file(t->s->settings->out, png, size, f) &&
                      cluster_result(t->s, "clusters", (double)rows, f);

    free(png);
    host_png_grid_free(&grid);
    return good;
}

bool cluster_command_show(cluster_session *s, host_failure *f)
{
    sheet t = {.s = s};
    host_dataset d = {0};
    bool good = open_sheet(&t, f) && measure(&t, f) &&
                host_dataset_open(&d, s->settings->data, 0, f) &&
                (d.count == t.count ||
                 host_fail(f,
                           "%s: wanted an image for each of %" PRIu64
                           " ids, got %" PRIu64,
                           s->settings->data, t.count, d.count));

    if (good) {
        choose(&t);
        good = draw(&t, &d, f);
    }
    host_dataset_close(&d);
    free(t.ids);
    free(t.distances);
    free(t.shown);
    return good;
}
