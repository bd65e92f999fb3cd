/* SPDX-License-Identifier: MIT
 *
 * neighbours_write.c - neighbours in files: each process has a part of the
 * rows, and the one that ends last makes one file of all parts.
 *
 * A part, K.I-of-N.part or K.part, is a block of 512 bytes with what is
 * computed as JSON and zeros, then what was found, [rows][k], in whole groups.
 * It is only ever added to: a run that was killed left whole groups and maybe
 * a piece of one. */
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

typedef struct part {
    cluster_session *s;
    const cluster_features *x;
    uint32_t k;
    host_shard shard;
    uint64_t first, count; /* rows of the shard */
    char *path;
    FILE *stream;
    uint64_t done; /* rows in it */
} part;

static bool bad_file(const part *p, host_failure *f)
{
    return host_fail(f, "%s: cannot be written or read", p->path);
}

static void close_part(part *p)
{
    if (p->stream != NULL) {
        (void)fclose(p->stream);
    }
    free(p->path);
    p->stream = NULL;
    p->path = NULL;
}

/* Part i of the same work. */
static bool part_of(part *p, cluster_session *s, const cluster_features *x,
                    uint32_t i, host_failure *f)
{
    char suffix[40] = ".part";

    *p = (part){.s = s,
                .x = x,
                .k = s->settings->temi.neighbours,
                .shard = s->settings->shard};
    p->shard.rank = i;
    host_shard_part(&p->shard, x->rows.count, &p->first, &p->count);
    if (p->shard.size > 1) {
        (void)snprintf(suffix, sizeof suffix,
                       ".%" PRIu32 "-of-%" PRIu32 ".part", i, p->shard.size);
    }
    p->path = cluster_path_beside(s->settings->out, suffix, f);
    return p->path != NULL;
}

static void make_head(const part *p, char head[HEAD_BYTES])
{
    memset(head, 0, HEAD_BYTES);
    (void)snprintf(
        head, HEAD_BYTES,
        "{\"method\":\"knn\",\"features\":\"%s\",\"neighbours\":%" PRIu32
        ",\"first\":%" PRIu64 ",\"rows\":%" PRIu64 "}\n",
        p->x->sha256, p->k, p->first, p->count);
}

static uint64_t row_bytes(const part *p)
{
    return p->k * sizeof(cluster_scored);
}

/* Whether a stream begins with this part's head; its size in bytes. */
static bool read_head(const part *p, FILE *stream, uint64_t *size)
{
    char head[HEAD_BYTES], found[HEAD_BYTES];

    make_head(p, head);
    if (fread(found, 1, HEAD_BYTES, stream) != HEAD_BYTES ||
        memcmp(head, found, HEAD_BYTES) != 0 ||
        fseeko(stream, 0, SEEK_END) != 0) {
        return false;
    }
    *size = (uint64_t)ftello(stream);
    return true;
}

/* ---- filling one -------------------------------------------------------- */

/* Counts the whole groups of a part that is there and cuts the rest off. */
static bool take_up(part *p, host_failure *f)
{
    uint64_t size, rows;

    if (!read_head(p, p->stream, &size)) {
        return host_fail(f,
                         "%s: of other features, or another number of "
                         "neighbours or shards; begin without --resume",
                         p->path);
    }
    rows = (size - HEAD_BYTES) / row_bytes(p);
    p->done = rows >= p->count ? p->count : rows - rows % CLUSTER_QUERIES;
    const off_t at = (off_t)(HEAD_BYTES + p->done * row_bytes(p));

    return (ftruncate(fileno(p->stream), at) == 0 &&
            fseeko(p->stream, at, SEEK_SET) == 0) ||
           bad_file(p, f);
}

static bool open_part(part *p, host_failure *f)
{
    char head[HEAD_BYTES];

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
    cluster_knn n;
    bool good = cluster_knn_open(&n, &p->x->rows, p->k, &p->s->workers, f);

    while (good && p->done < p->count) {
        cluster_neighbours_show(p->s, p->done, p->count);
        good = cluster_go_on(p->s, f);
        if (good) {
            cluster_knn_group(&n, p->first + p->done, p->first + p->count);
            good = (fwrite(n.found, row_bytes(p), n.queries, p->stream) ==
                        n.queries &&
                    fflush(p->stream) == 0) ||
                   bad_file(p, f);
            p->done += n.queries;
        }
    }
    cluster_knn_close(&n);
    return good;
}

/* This process's part, whole and on disk. */
static bool make_part(cluster_session *s, const cluster_features *x,
                      host_failure *f)
{
    part p;
    const bool good = part_of(&p, s, x, s->settings->shard.rank, f) &&
                      open_part(&p, f) && fill(&p, f);

    close_part(&p);
    return good;
}

/* ---- all of them -------------------------------------------------------- */

/* Opens part i to read it; *whole says whether it is there with all rows. */
static bool open_whole(part *p, cluster_session *s, const cluster_features *x,
                       uint32_t i, bool *whole, host_failure *f)
{
    uint64_t size = 0;

    if (!part_of(p, s, x, i, f)) {
        return false;
    }
    p->stream = fopen(p->path, "rb");
    *whole = p->stream != NULL && read_head(p, p->stream, &size) &&
             size == HEAD_BYTES + p->count * row_bytes(p) &&
             fseeko(p->stream, HEAD_BYTES, SEEK_SET) == 0;
    return true;
}

static bool all_there(cluster_session *s, const cluster_features *x,
                      bool *all, host_failure *f)
{
    bool good = true;

    *all = true;
    for (uint32_t i = 0; good && *all && i < s->settings->shard.size; i++) {
        part p;

        good = open_whole(&p, s, x, i, all, f);
        close_part(&p);
    }
    return good;
}

/* One field of a part's rows, indices or similarities, to the end of a
 * file. */
static bool copy_rows(part *p, host_output *file, bool index, host_failure *f)
{
    cluster_scored *row = malloc(p->k * sizeof *row);
    uint32_t *out = malloc(p->k * sizeof *out);
    bool good = (row != NULL && out != NULL) ||
                host_fail(f, "%s: out of memory", p->path);

    for (uint64_t i = 0; good && i < p->count; i++) {
        good = fread(row, sizeof *row, p->k, p->stream) == p->k ||
               bad_file(p, f);
        for (uint32_t c = 0; good && c < p->k; c++) {
            memcpy(&out[c],
                   index ? (void *)&row[c].index : (void *)&row[c].value,
                   sizeof *out);
        }
        good = good && host_output_write(file, out, p->k * sizeof *out, f);
    }
    free(row);
    free(out);
    return good;
}

static bool copy_all(cluster_session *s, const cluster_features *x,
                     const char *path, bool index, host_failure *f)
{
    const uint64_t shape[] = {x->rows.count, s->settings->temi.neighbours};
    unsigned char header[HOST_NPY_HEADER_BYTES];
    host_output file;

    if (!host_output_open(&file, path, f)) {
        return false;
    }
    host_npy_header(header, index ? "<i4" : "<f4", shape, 2);
    bool good = host_output_write(&file, header, sizeof header, f);

    for (uint32_t i = 0; good && i < s->settings->shard.size; i++) {
        part p;
        bool whole = false;

        good = open_whole(&p, s, x, i, &whole, f) &&
               (whole || bad_file(&p, f)) && copy_rows(&p, &file, index, f);
        close_part(&p);
    }
    good = good && host_output_commit(&file, f);
    host_output_abort(&file);
    return good;
}

/* Whether another process was faster, and has taken the parts away. */
static bool is_finished(cluster_session *s, const cluster_features *x,
                        host_failure *f)
{
    part p;
    const bool is = part_of(&p, s, x, s->settings->shard.rank, f) &&
                    access(p.path, F_OK) != 0 &&
                    access(s->settings->out, F_OK) == 0;

    close_part(&p);
    return is;
}

static bool take_away(cluster_session *s, const cluster_features *x,
                      host_failure *f)
{
    bool good = true;

    for (uint32_t i = 0; good && i < s->settings->shard.size; i++) {
        part p;

        good = part_of(&p, s, x, i, f);
        if (good) {
            (void)unlink(p.path);
        }
        close_part(&p);
    }
    return good;
}

/* Two processes that end at once may both come here, and write the same. */
static bool finish(cluster_session *s, const cluster_features *x,
                   host_failure *f)
{
    const cluster_settings *o = s->settings;

    return ((copy_all(s, x, o->out, true, f) &&
             (o->similarity == NULL ||
              copy_all(s, x, o->similarity, false, f))) ||
            is_finished(s, x, f)) &&
           take_away(s, x, f);
}

bool cluster_neighbours_write(cluster_session *s, const cluster_features *x,
                              host_failure *f)
{
    bool all = false;

    if (!make_part(s, x, f) || !all_there(s, x, &all, f) ||
        (all && !finish(s, x, f))) {
        return false;
    }
    all = all || is_finished(s, x, f);
    return cluster_result(s, "rows", all ? (double)x->rows.count : 0.0, f) &&
           cluster_result(s, "neighbours", s->settings->temi.neighbours, f);
}
