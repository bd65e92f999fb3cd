/* SPDX-License-Identifier: MIT
 *
 * neighbours.c - neighbours of all rows, kept group by group.
 *
 * FILE.part is a block of 512 bytes with what is computed as JSON and zeros,
 * then what was found, [rows][k], in whole groups.  It is only ever added to:
 * a run that was killed left whole groups and maybe a part of one. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cluster/knn.h"
#include "host/files/npy.h"
#include "host/files/output.h"
#include "tools/cluster/neighbours.h"

#define HEAD_BYTES 512u

static void show(cluster_session *s, uint64_t done, uint64_t rows)
{
    const cluster_shown shown[] = {{"neighbours of row", (double)done},
                                   {"of", (double)rows}};

    cluster_show_progress(s, shown, 2);
}

/* ---- in memory ---------------------------------------------------------- */

static uint32_t *find_all(cluster_session *s, const cluster_features *x,
                          host_failure *f)
{
    const uint32_t k = s->settings->temi.neighbours;
    const uint64_t rows = x->rows.count;
    const cluster_rows stored = {
        .values = x->rows.values, .count = rows, .width = x->rows.width};
    uint32_t *out = malloc(rows * k * sizeof *out);
    cluster_knn n = {0};
    bool good = out != NULL || host_fail(f, "out of memory for neighbours");

    good = good && cluster_knn_open(&n, &stored, k, &s->workers, f);
    for (uint64_t first = 0; good && first < rows; first += n.queries) {
        show(s, first, rows);
        good = cluster_go_on(s, f);
        if (good) {
            cluster_knn_group(&n, first);
        }
        for (size_t i = 0; good && i < (size_t)n.queries * k; i++) {
            out[first * k + i] = n.found[i].index;
        }
    }
    cluster_knn_close(&n);
    if (!good) {
        free(out);
        return NULL;
    }
    return out;
}

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

    return o->knn != NULL ? read_all(o->knn, x, o->temi.neighbours, f)
                          : find_all(s, x, f);
}

/* ---- the part ----------------------------------------------------------- */

typedef struct part {
    cluster_session *s;
    const cluster_features *x;
    uint32_t k;
    char *path;
    FILE *stream;
    uint64_t done; /* rows in it */
} part;

static bool bad_file(const part *p, host_failure *f)
{
    return host_fail(f, "%s: cannot be written or read", p->path);
}

/* Bytes of a group. */
static uint64_t group_bytes(const part *p, uint64_t first)
{
    const uint64_t left = p->x->rows.count - first;
    const uint64_t rows = left < CLUSTER_QUERIES ? left : CLUSTER_QUERIES;

    return rows * p->k * sizeof(cluster_scored);
}

static void make_head(const part *p, char head[HEAD_BYTES])
{
    memset(head, 0, HEAD_BYTES);
    (void)snprintf(
        head, HEAD_BYTES,
        "{\"method\":\"knn\",\"features\":\"%s\",\"neighbours\":%" PRIu32
        "}\n",
        p->x->sha256, p->k);
}

/* Counts the whole groups of a part that is there and cuts the rest off. */
static bool take_up(part *p, host_failure *f)
{
    char head[HEAD_BYTES], found[HEAD_BYTES];
    uint64_t at = HEAD_BYTES;

    make_head(p, head);
    if (fread(found, 1, HEAD_BYTES, p->stream) != HEAD_BYTES ||
        memcmp(head, found, HEAD_BYTES) != 0) {
        return host_fail(f,
                         "%s: of other features or another number of "
                         "neighbours; begin without --resume",
                         p->path);
    }
    if (fseeko(p->stream, 0, SEEK_END) != 0) {
        return bad_file(p, f);
    }
    const uint64_t size = (uint64_t)ftello(p->stream);

    while (p->done < p->x->rows.count &&
           at + group_bytes(p, p->done) <= size) {
        at += group_bytes(p, p->done);
        p->done += group_bytes(p, p->done) / p->k / sizeof(cluster_scored);
    }
    return (ftruncate(fileno(p->stream), (off_t)at) == 0 &&
            fseeko(p->stream, (off_t)at, SEEK_SET) == 0) ||
           bad_file(p, f);
}

static bool open_part(part *p, host_failure *f)
{
    char head[HEAD_BYTES];

    p->path = cluster_path_beside(p->s->settings->out, ".part", f);
    if (p->path == NULL) {
        return false;
    }
    if (p->s->settings->resume) {
        p->stream = fopen(p->path, "r+b");
    }
    if (p->stream != NULL) {
        return take_up(p, f);
    }
    p->stream = fopen(p->path, "w+b");
    make_head(p, head);
    return (p->stream != NULL &&
            fwrite(head, 1, HEAD_BYTES, p->stream) == HEAD_BYTES) ||
           bad_file(p, f);
}

static bool fill(part *p, host_failure *f)
{
    const uint64_t rows = p->x->rows.count;
    cluster_knn n;
    bool good = cluster_knn_open(&n, &p->x->rows, p->k, &p->s->workers, f);

    while (good && p->done < rows) {
        show(p->s, p->done, rows);
        good = cluster_go_on(p->s, f);
        if (good) {
            const size_t bytes = group_bytes(p, p->done);

            cluster_knn_group(&n, p->done);
            good = (fwrite(n.found, 1, bytes, p->stream) == bytes &&
                    fflush(p->stream) == 0) ||
                   bad_file(p, f);
            p->done += n.queries;
        }
    }
    cluster_knn_close(&n);
    return good;
}

/* ---- the files ---------------------------------------------------------- */

/* One field of what was found as an array: indices, or similarities. */
static bool copy_field(part *p, const char *path, bool index, host_failure *f)
{
    const uint64_t rows = p->x->rows.count, shape[] = {rows, p->k};
    unsigned char header[HOST_NPY_HEADER_BYTES];
    cluster_scored *row = malloc(p->k * sizeof *row);
    uint32_t *out = malloc(p->k * sizeof *out);
    host_output file;
    bool good = (row != NULL && out != NULL) ||
                host_fail(f, "%s: out of memory", path);

    if (!good || !host_output_open(&file, path, f)) {
        free(row);
        free(out);
        return false;
    }
    host_npy_header(header, index ? "<i4" : "<f4", shape, 2);
    good = host_output_write(&file, header, sizeof header, f) &&
           (fseeko(p->stream, HEAD_BYTES, SEEK_SET) == 0 || bad_file(p, f));
    for (uint64_t i = 0; good && i < rows; i++) {
        good = fread(row, sizeof *row, p->k, p->stream) == p->k ||
               bad_file(p, f);
        for (uint32_t c = 0; good && c < p->k; c++) {
            memcpy(&out[c],
                   index ? (void *)&row[c].index : (void *)&row[c].value,
                   sizeof *out);
        }
        good = good && host_output_write(&file, out, p->k * sizeof *out, f);
    }
    good = good && host_output_commit(&file, f);
    host_output_abort(&file);
    free(row);
    free(out);
    return good;
}

bool cluster_neighbours_write(cluster_session *s, const cluster_features *x,
                              host_failure *f)
{
    const cluster_settings *o = s->settings;
    part p = {.s = s, .x = x, .k = o->temi.neighbours};
    const bool good =
        open_part(&p, f) && fill(&p, f) && copy_field(&p, o->out, true, f) &&
        (o->similarity == NULL || copy_field(&p, o->similarity, false, f)) &&
        cluster_result(s, "rows", (double)x->rows.count, f) &&
        cluster_result(s, "neighbours", p.k, f);

    if (p.stream != NULL) {
        (void)fclose(p.stream);
    }
    if (good) {
        (void)unlink(p.path);
    }
    free(p.path);
    return good;
}
