/* SPDX-License-Identifier: MIT
 *
 * clusters.c - the ranks of cluster ids. */
#include "host/files/clusters.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/files/ids.h"

/* More clusters than any dataset has images for. */
#define USED_MAX 1000000u

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

/* Of ids that were read and are freed here. */
static bool take(host_clusters *c, host_ids *ids, uint64_t count,
                 host_failure *f)
{
    *c = (host_clusters){.count = count};
    bool good = ids->count == count
                    ? rank(c, ids->values, ids->path, f)
                    : host_fail(f,
                                "%s: wanted %" PRIu64
                                " numbers, one per image, got %" PRIu64,
                                ids->path, count, ids->count);
    host_ids_free(ids);
    if (!good) {
        host_clusters_close(c);
    }
    return good;
}

bool host_clusters_open(host_clusters *c, const char *path, uint64_t count,
                        host_failure *f)
{
    host_ids ids;

    return host_ids_read(&ids, path, f) && take(c, &ids, count, f);
}

/* ---- of a data set ------------------------------------------------------ */

/* Equal, or one is the end of the other behind a '/'. */
static bool agree(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    const char *end = n > m ? a + (n - m) : b + (m - n);

    return strcmp(end, n > m ? b : a) == 0 && (n == m || end[-1] == '/');
}

static bool names_agree(const host_ids *ids, const host_dataset *data,
                        host_failure *f)
{
    for (uint64_t i = 0;
         data->names != NULL && i < data->count && i < ids->count; i++) {
        if (ids->names[i] != NULL && !agree(ids->names[i], data->names[i])) {
            return host_fail(f,
                             "%s: the ids name an image '%.200s' where the "
                             "data have '%.200s'; wanted the data's names, "
                             "or ids alone",
                             ids->path, ids->names[i], data->names[i]);
        }
    }
    return true;
}

bool host_clusters_open_for(host_clusters *c, const char *path,
                            const host_dataset *data, host_failure *f)
{
    bool inside = data->labels != NULL &&
                  strcmp(path, HOST_DATASET_LABELS) == 0 &&
                  access(path, F_OK) != 0;
    host_ids ids;

    *c = (host_clusters){0};
    if (!(inside ? host_ids_read_json(&ids, path, data->labels, f)
                 : host_ids_read(&ids, path, f))) {
        return false;
    }
    if (ids.count == data->count && !names_agree(&ids, data, f)) {
        host_ids_free(&ids);
        return false;
    }
    return take(c, &ids, data->count, f);
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
