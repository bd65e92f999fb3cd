/* SPDX-License-Identifier: MIT
 *
 * growing.c - a file of rows that grows while it is computed. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/cli/progress.h"
#include "host/files/json_number.h"
#include "host/files/npy.h"
#include "host/files/output.h"
#include "host/files/growing.h"

#include <cjson/cJSON.h>

/* Seconds of work that a crash may cost. */
#define KEEP_INTERVAL 5.0

/* A record holds a recipe and some numbers. */
#define RECORD_MOST_BYTES ((size_t)1 << 20)

static bool failed(const host_growing *r, const char *what, host_failure *f)
{
    return host_fail(f, "%s: %s: %s", r->part, what, strerror(errno));
}

static size_t row_bytes(const host_growing *r)
{
    return r->width * sizeof(float);
}

/* The text, to be freed, or NULL and a failure. */
static char *joined(const char *a, size_t length, const char *b,
                    host_failure *f)
{
    size_t size = length + strlen(b) + 1;
    char *text = malloc(size);
    if (text == NULL) {
        (void)host_fail(f, "out of memory");
        return NULL;
    }
    (void)snprintf(text, size, "%.*s%s", (int)length, a, b);
    return text;
}

/* ---- records ------------------------------------------------------------ */

/* Of part i of N; to be freed. */
static char *record_path(const host_growing *r, uint32_t i, host_failure *f)
{
    char end[40];
    (void)snprintf(end, sizeof end, ".%" PRIu32 "-of-%" PRIu32 ".json", i,
                   r->shard.size);
    return joined(r->part, strlen(r->part), end, f);
}

/* What a record says. */
typedef struct record {
    uint64_t rows; /* that it vouches for */
    bool other;    /* rows, but by another recipe */
} record;

static record parse(const host_growing *r, const unsigned char *text,
                    size_t size)
{
    cJSON *json = cJSON_ParseWithLength((const char *)text, size);
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, "rows");
    const char *recipe = cJSON_GetStringValue(
        cJSON_GetObjectItemCaseSensitive(json, "recipe"));
    int64_t rows = 0;
    bool sound = recipe != NULL && host_json_integer(item, &rows) && rows > 0;
    bool same = sound && strcmp(recipe, r->recipe) == 0;
    cJSON_Delete(json);
    return (record){same ? (uint64_t)rows : 0, sound && !same};
}

/* A record that is missing or cannot be read vouches for nothing. */
static bool read_record(const host_growing *r, uint32_t i, record *said,
                        host_failure *f)
{
    host_failure ignored;
    size_t size;
    char *path = record_path(r, i, f);
    if (path == NULL) {
        return false;
    }
    unsigned char *text =
        host_input_file(path, RECORD_MOST_BYTES, &size, &ignored);
    *said = text != NULL ? parse(r, text, size) : (record){0, false};
    free(text);
    free(path);
    return true;
}

static bool write_record(const host_growing *r, host_failure *f)
{
    cJSON *json = cJSON_CreateObject();
    char *path = record_path(r, r->shard.rank, f);
    bool good =
        cJSON_AddStringToObject(json, "recipe", r->recipe) != NULL &&
        cJSON_AddNumberToObject(json, "rows", (double)r->done) != NULL;
    char *text = good ? cJSON_Print(json) : NULL;
    good = path != NULL && (text != NULL || host_fail(f, "out of memory")) &&
           host_output_file(path, text, strlen(text), f);
    free(text);
    free(path);
    cJSON_Delete(json);
    return good;
}

/* ---- opening ------------------------------------------------------------ */

/* The size and the header of the whole; rows that are there stay. */
static bool set_up_file(host_growing *r, host_failure *f)
{
    unsigned char header[HOST_NPY_HEADER_BYTES];
    const uint64_t shape[2] = {r->total, r->width};
    host_npy_header(header, "<f4", shape, 2);
    r->file = open(r->part, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (r->file < 0) {
        return failed(r, "cannot be written", f);
    }
    if (ftruncate(r->file,
                  (off_t)(sizeof header + r->total * row_bytes(r))) != 0 ||
        pwrite(r->file, header, sizeof header, 0) != (ssize_t)sizeof header) {
        return failed(r, "cannot be written", f);
    }
    return true;
}

/* Rows of this part that an earlier run has left. */
static bool find_done(host_growing *r, host_failure *f)
{
    record said = {0, false};
    if (access(r->part, F_OK) == 0 &&
        !read_record(r, r->shard.rank, &said, f)) {
        return false;
    }
    r->done = said.rows < r->count ? said.rows : r->count;
    return !said.other ||
           host_fail(f,
                     "%s: what another run left; wanted rows by the same "
                     "model, options and data, got those of others; repeat "
                     "that run, or remove %s*",
                     r->part, r->part);
}

bool host_growing_open(host_growing *r, const char *path, const char *recipe,
                       const host_shard *shard,
                       const host_growing_shape *shape, host_failure *f)
{
    *r = (host_growing){.path = path,
                        .recipe = recipe,
                        .shard = *shard,
                        .total = shape->total,
                        .width = shape->width,
                        .file = -1,
                        .kept = host_seconds()};
    host_shard_part(shard, r->total, &r->first, &r->count);
    r->part = joined(path, strlen(path), ".part", f);
    if (r->part == NULL) {
        return false;
    }
    return find_done(r, f) && set_up_file(r, f);
}

void host_growing_close(host_growing *r)
{
    if (r->part != NULL && r->file >= 0) {
        (void)close(r->file);
    }
    free(r->part);
    *r = (host_growing){.file = -1};
}

/* ---- writing ------------------------------------------------------------ */

static bool write_all(const host_growing *r, const void *bytes, size_t size,
                      uint64_t at, host_failure *f)
{
    const unsigned char *from = bytes;
    while (size > 0) {
        ssize_t written = pwrite(r->file, from, size, (off_t)at);
        if (written <= 0) {
            return failed(r, "cannot be written", f);
        }
        from += written;
        at += (uint64_t)written;
        size -= (size_t)written;
    }
    return true;
}

bool host_growing_keep(host_growing *r, host_failure *f)
{
    r->kept = host_seconds();
    return (fdatasync(r->file) == 0 || failed(r, "cannot be written", f)) &&
           write_record(r, f);
}

bool host_growing_put(host_growing *r, const float *rows, uint32_t n,
                      host_failure *f)
{
    uint64_t at = HOST_NPY_HEADER_BYTES + (r->first + r->done) * row_bytes(r);
    if (!write_all(r, rows, n * row_bytes(r), at, f)) {
        return false;
    }
    r->done += n;
    return host_seconds() - r->kept < KEEP_INTERVAL ||
           host_growing_keep(r, f);
}

/* ---- the end ------------------------------------------------------------ */

static bool all_there(const host_growing *r, bool *all, host_failure *f)
{
    *all = true;
    for (uint32_t i = 0; *all && i < r->shard.size; i++) {
        const host_shard other = {i, r->shard.size, 0, NULL};
        uint64_t first, count;
        record said;
        host_shard_part(&other, r->total, &first, &count);
        if (!read_record(r, i, &said, f)) {
            return false;
        }
        *all = said.rows == count;
    }
    return true;
}

static bool write_about(const host_growing *r, const char *about,
                        host_failure *f)
{
    char *path =
        joined(r->path, strlen(r->path) - strlen(".npy"), ".json", f);
    bool good =
        path != NULL && host_output_file(path, about, strlen(about), f);
    free(path);
    return good;
}

static bool remove_records(const host_growing *r, host_failure *f)
{
    for (uint32_t i = 0; i < r->shard.size; i++) {
        char *path = record_path(r, i, f);
        if (path == NULL) {
            return false;
        }
        (void)unlink(path);
        free(path);
    }
    return true;
}

bool host_growing_finish(host_growing *r, const char *about, bool *whole,
                         host_failure *f)
{
    if (!host_growing_keep(r, f) || !all_there(r, whole, f)) {
        return false;
    }
    if (!*whole) {
        /* another process may have been faster, and taken the records away */
        *whole = access(r->part, F_OK) != 0 && access(r->path, F_OK) == 0;
        return true;
    }
    /* two that end at once both come here, and one rename fails */
    return write_about(r, about, f) &&
           (rename(r->part, r->path) == 0 || errno == ENOENT ||
            failed(r, "cannot be renamed", f)) &&
           remove_records(r, f);
}

bool host_growing_remove(const char *path, const host_shard *shard,
                         host_failure *f)
{
    host_growing r = {.file = -1, .shard = *shard};
    r.part = joined(path, strlen(path), ".part", f);
    bool good = r.part != NULL &&
                (unlink(r.part) == 0 || errno == ENOENT ||
                 failed(&r, "cannot be removed", f)) &&
                remove_records(&r, f);
    host_growing_close(&r);
    return good;
}
