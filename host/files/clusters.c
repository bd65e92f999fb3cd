/* SPDX-License-Identifier: MIT
 *
 * clusters.c - lists of cluster ids, and their ranks. */
#include "host/files/clusters.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/files/output.h"
#include "host/files/tensor.h"

#define LIMIT ((size_t)1 << 30)

/* More clusters than any dataset has images for. */
#define USED_MAX 1000000u

/* ---- NumPy -------------------------------------------------------------- */

static const char npy_magic[] = "\x93NUMPY";

/* Bytes of an element by its type code, 0 if it is no integer of ours. */
static size_t npy_width(const char *header)
{
    static const struct {
        const char *code;
        size_t width;
    } types[] = {{"'<i4'", 4}, {"'<i8'", 8}, {"'<i2'", 2}, {"'|u1'", 1}};

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strstr(header, types[i].code) != NULL) {
            return types[i].width;
        }
    }
    return 0;
}

static int64_t signed_le(const unsigned char *p, size_t width)
{
    uint64_t bits = 0;

    for (size_t i = 0; i < width; i++) {
        bits |= (uint64_t)p[i] << (8 * i);
    }
    if (width > 1 && width < 8 && bits >> (8 * width - 1) != 0) {
        bits |= UINT64_MAX << (8 * width);
    }
    return (int64_t)bits;
}

static bool read_npy(int64_t *ids, uint64_t count, const char *path,
                     const unsigned char *bytes, size_t size, host_failure *f)
{
    char header[1024] = "";
    size_t length, start, width;

    if (size < 12) {
        return host_fail(f, "%s: too short for a NumPy file", path);
    }
    length = bytes[8] | (size_t)bytes[9] << 8;
    start = 10;
    if (bytes[6] != 1) {
        length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
        start = 12;
    }
    if (length >= sizeof header || start + length > size) {
        return host_fail(f, "%s: a NumPy header that cannot be right", path);
    }
    memcpy(header, bytes + start, length);
    start += length;
    width = npy_width(header);
    if (width == 0 || size - start != count * width) {
        return host_fail(f,
                         "%s: wanted %" PRIu64 " whole numbers, one per "
                         "image, got %zu bytes of %.80s",
                         path, count, size - start, header);
    }
    for (uint64_t i = 0; i < count; i++) {
        ids[i] = signed_le(bytes + start + i * width, width);
    }
    return true;
}

/* ---- PyTorch, text ------------------------------------------------------ */

static bool read_tensor(int64_t *ids, uint64_t count, const char *path,
                        host_failure *f)
{
    double *values = host_tensor_read(path, count, "image", f);
    bool good = values != NULL;

    for (uint64_t i = 0; good && i < count; i++) {
        good =
            (values[i] >= 0 && values[i] <= 0x1p53) ||
            host_fail(f, "%s: cluster id %" PRIu64 " is %g; wanted 0 or more",
                      path, i, values[i]);
        ids[i] = good ? (int64_t)values[i] : 0;
    }
    free(values);
    return good;
}

static bool read_text(int64_t *ids, uint64_t count, const char *path,
                      const char *text, host_failure *f)
{
    for (uint64_t i = 0; i < count; i++) {
        char *end;

        errno = 0;
        ids[i] = strtoll(text, &end, 10);
        if (end == text || errno != 0) {
            return host_fail(f,
                             "%s: wanted %" PRIu64 " whole numbers, one per "
                             "image, got %" PRIu64 " and then \"%.20s\"",
                             path, count, i, text);
        }
        text = end + strspn(end, ", \t\r\n");
    }
    return *text == '\0' ||
           host_fail(f, "%s: more than %" PRIu64 " numbers, one per image",
                     path, count);
}

/* ---- ranks -------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* The used ids in order, then every image's rank. */
static bool rank(host_clusters *c, const int64_t *ids, const char *path,
                 host_failure *f)
{
    c->ids = malloc(c->count * sizeof *c->ids);
    c->of_image = malloc(c->count * sizeof *c->of_image);
    if (c->ids == NULL || c->of_image == NULL) {
        return host_fail(f, "out of memory");
    }
    memcpy(c->ids, ids, c->count * sizeof *ids);
    qsort(c->ids, c->count, sizeof *ids, by_value);
    if (c->ids[0] < 0) {
        return host_fail(f,
                         "%s: a cluster id is %" PRId64 "; wanted 0 or more",
                         path, c->ids[0]);
    }
    for (uint64_t i = 0; i < c->count; i++) {
        if (c->used == 0 || c->ids[c->used - 1] != c->ids[i]) {
            c->ids[c->used++] = c->ids[i];
        }
    }
    if (c->used > USED_MAX) {
        return host_fail(f, "%s: %u clusters are too many", path, c->used);
    }
    c->images = calloc(c->used, sizeof *c->images);
    for (uint64_t i = 0; c->images != NULL && i < c->count; i++) {
        const int64_t *found =
            bsearch(&ids[i], c->ids, c->used, sizeof *ids, by_value);

        c->of_image[i] = (int32_t)(found - c->ids);
        c->images[c->of_image[i]]++;
    }
    return c->images != NULL || host_fail(f, "out of memory");
}

bool host_clusters_open(host_clusters *c, const char *path, uint64_t count,
                        host_failure *f)
{
    size_t size;
    unsigned char *bytes = host_input_file(path, LIMIT, &size, f);
    int64_t *ids = malloc((count + 1) * sizeof *ids);
    bool good = bytes != NULL;

    *c = (host_clusters){.count = count};
    if (good && ids == NULL) {
        good = host_fail(f, "out of memory");
    } else if (good && size >= 6 && memcmp(bytes, npy_magic, 6) == 0) {
        good = read_npy(ids, count, path, bytes, size, f);
    } else if (good && host_tensor_begins(bytes, size)) {
        good = read_tensor(ids, count, path, f);
    } else if (good) {
        good = read_text(ids, count, path, (const char *)bytes, f);
    }
    good = good && rank(c, ids, path, f);
    free(ids);
    free(bytes);
    if (!good) {
        host_clusters_close(c);
    }
    return good;
}

void host_clusters_close(host_clusters *c)
{
    free(c->of_image);
    free(c->ids);
    free(c->images);
    *c = (host_clusters){0};
}

/* ---- JSON --------------------------------------------------------------- */

static char *list_json(const int64_t *values, uint32_t count)
{
    size_t room = (size_t)count * 21 + 3, used = 1;
    char *text = malloc(room);

    if (text == NULL) {
        return NULL;
    }
    text[0] = '[';
    for (uint32_t i = 0; i < count; i++) {
        used += (size_t)snprintf(text + used, room - used, "%s%" PRId64,
                                 i > 0 ? "," : "", values[i]);
    }
    (void)snprintf(text + used, room - used, "]");
    return text;
}

char *host_clusters_ids_json(const host_clusters *c)
{
    return list_json(c->ids, c->used);
}

char *host_clusters_images_json(const host_clusters *c)
{
    int64_t *copy = malloc((c->used + 1) * sizeof *copy);
    char *text = NULL;

    for (uint32_t i = 0; copy != NULL && i < c->used; i++) {
        copy[i] = (int64_t)c->images[i];
    }
    text = copy == NULL ? NULL : list_json(copy, c->used);
    free(copy);
    return text;
}
