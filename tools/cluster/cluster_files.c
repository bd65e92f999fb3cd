/* SPDX-License-Identifier: MIT
 *
 * cluster_files.c - features and ids read, ids written with what is known of
 * them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/scores.h"
#include "host/execution/agreement.h"
#include "host/execution/ranks.h"
#include "host/files/json_number.h"
#include "host/files/output.h"
#include "host/files/rows.h"
#include "tools/cluster/cluster_files.h"

/* ---- features ----------------------------------------------------------- */

static bool check_shape(const cluster_features *x, host_failure *f)
{
    const cg_array *a = &x->npy.array;

    if (a->rank != 2 || a->shape[0] == 0 || a->shape[1] == 0) {
        return host_fail(f,
                         "%s: wanted a matrix with a row for each image, got "
                         "%d axes and %" PRIu64 " elements",
                         x->path, a->rank, a->elements);
    }
    if (a->shape[0] > INT32_MAX || a->shape[1] > (1u << 20)) {
        return host_fail(f,
                         "%s: wanted at most 2^31 - 1 rows of 2^20 features, "
                         "got %" PRIu64 " of %" PRIu64,
                         x->path, a->shape[0], a->shape[1]);
    }
    return true;
}

/* In place where the file holds floats as this machine does. */
static bool set_rows(cluster_features *x, host_failure *f)
{
    const cg_array *a = &x->npy.array;
    const void *data = a->data;

    x->rows.count = a->shape[0];
    x->rows.width = (uint32_t)a->shape[1];
    if (a->dtype == CG_F32 && (uintptr_t)data % sizeof(float) == 0) {
        x->rows.values = data;
        return true;
    }
    x->copy = malloc(a->elements * sizeof *x->copy);
    if (x->copy == NULL) {
        return host_fail(f,
                         "%s: out of memory; wanted 32-bit floats, which "
                         "need none",
                         x->path);
    }
    host_rows_f32(a, 0, a->shape[0], x->copy);
    x->rows.values = x->copy;
    return true;
}

static bool set_factor(cluster_features *x, const cluster_workers *w,
                       host_failure *f)
{
    x->factor = malloc(x->rows.count * sizeof *x->factor);
    if (!host_agree(x->factor != NULL ||
                        host_fail(f, "%s: out of memory", x->path),
                    f) ||
        !cluster_rows_unit(&x->rows, w, x->factor, f)) {
        return false;
    }
    x->rows.factor = x->factor;
    return true;
}

/* Ranks read the same file, of which rank 0 reads all to know its hash. */
static bool is_shared(const cluster_features *x, host_failure *f)
{
    uint64_t first[] = {x->rows.count, x->rows.width};

    host_ranks_broadcast(0, first, sizeof first);
    return (first[0] == x->rows.count && first[1] == x->rows.width) ||
           host_fail(f,
                     "%s: wanted the %" PRIu64 " rows of %" PRIu64
                     " features that rank 0 has, got %" PRIu64 " of %" PRIu32,
                     x->path, first[0], first[1], x->rows.count,
                     x->rows.width);
}

bool cluster_features_open(cluster_features *x, const cluster_session *s,
                           bool normalize, host_failure *f)
{
    *x = (cluster_features){.path = s->settings->features};
    if (!host_agree(host_npy_open(&x->npy, x->path, f) && check_shape(x, f) &&
                        set_rows(x, f),
                    f) ||
        !host_agree(is_shared(x, f), f)) {
        return false;
    }
    if (host_ranks_rank() == 0) {
        cg_sha256(x->npy.map.bytes, x->npy.map.size, x->sha256);
    }
    host_ranks_broadcast(0, x->sha256, sizeof x->sha256);
    return cluster_rows_check(&x->rows, &s->workers, x->path, f) &&
           (!normalize || set_factor(x, &s->workers, f));
}

void cluster_features_close(cluster_features *x)
{
    host_npy_close(&x->npy);
    free(x->copy);
    free(x->factor);
    *x = (cluster_features){0};
}

float *cluster_matrix_read(const char *path, uint64_t rows, uint64_t columns,
                           host_failure *f)
{
    host_npy npy;
    float *out = NULL;

    if (!host_npy_open(&npy, path, f)) {
        return NULL;
    }
    const cg_array *a = &npy.array;

    if (a->rank != 2 || a->shape[0] != rows || a->shape[1] != columns) {
        (void)host_fail(f,
                        "%s: wanted a matrix of %" PRIu64 " x %" PRIu64
                        ", got %d axes and %" PRIu64 " elements",
                        path, rows, columns, a->rank, a->elements);
    } else if ((out = malloc(a->elements * sizeof *out)) == NULL) {
        (void)host_fail(f, "%s: out of memory", path);
    } else {
        host_rows_f32(a, 0, rows, out);
    }
    host_npy_close(&npy);
    return out;
}

/* ---- ids ---------------------------------------------------------------- */

static bool is_whole(cg_dtype dtype)
{
    return dtype != CG_F64 && dtype != CG_F32 && dtype != CG_F16 &&
           dtype != CG_BF16;
}

int32_t *cluster_ids_read(const char *path, uint64_t *count, host_failure *f)
{
    host_npy npy;
    int32_t *out = NULL;

    if (!host_npy_open(&npy, path, f)) {
        return NULL;
    }
    const cg_array *a = &npy.array;
    bool good = a->rank == 1 && a->elements > 0 && is_whole(a->dtype);

    if (!good) {
        (void)host_fail(f,
                        "%s: wanted one whole number for each image, of "
                        "one axis",
                        path);
    } else if ((out = malloc(a->elements * sizeof *out)) == NULL) {
        good = host_fail(f, "%s: out of memory", path);
    }
    for (uint64_t i = 0; good && i < a->elements; i++) {
        const double value = cg_element(a, i);

        good = (value >= 0.0 && value <= INT32_MAX) ||
               host_fail(f, "%s: id %" PRIu64 " is %.0f; wanted 0 to %d",
                         path, i, value, INT32_MAX);
        out[i] = good ? (int32_t)value : 0;
    }
    *count = a->elements;
    host_npy_close(&npy);
    if (!good) {
        free(out);
        out = NULL;
    }
    return out;
}

char *cluster_path_beside(const char *path, const char *suffix,
                          host_failure *f)
{
    size_t length = strlen(path);
    char *out = malloc(length + strlen(suffix) + 1);

    if (out == NULL) {
        (void)host_fail(f, "%s: out of memory", path);
        return NULL;
    }
    if (length > 4 && strcmp(path + length - 4, ".npy") == 0) {
        length -= 4;
    }
    (void)sprintf(out, "%.*s%s", (int)length, path, suffix);
    return out;
}

char *cluster_json_text(const cJSON *object, host_failure *f)
{
    char *text = cJSON_PrintUnformatted(object);

    if (text == NULL) {
        (void)host_fail(f, "out of memory");
    }
    return text;
}

bool cluster_json_u64(const cJSON *object, const char *name, uint64_t most,
                      uint64_t *out)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0.0) ||
        item->valuedouble > (double)most) {
        return false;
    }
    *out = (uint64_t)item->valuedouble;
    return true;
}

static bool write_about(const char *ids_path, const cJSON *about,
                        host_failure *f)
{
    char *path = cluster_path_beside(ids_path, ".json", f);
    char *text = path != NULL ? cJSON_Print(about) : NULL;
    const bool good =
        text != NULL && host_output_file(path, text, strlen(text), f);

    free(text);
    free(path);
    return good;
}

bool cluster_ids_write(cluster_session *s, const cluster_features *x,
                       const int32_t *ids, uint32_t clusters, cJSON *about,
                       host_failure *f)
{
    const host_array array = {NULL, CG_I32, 1, {x->rows.count}, ids};
    cluster_usage u;

    if (!cluster_usage_of(&u, ids, x->rows.count, clusters, f) ||
        !cluster_result(s, "used", u.used, f)) {
        return false;
    }
    cJSON_AddNumberToObject(about, "clusters", clusters);
    cJSON_AddNumberToObject(about, "used", u.used);
    cJSON *features = cJSON_AddObjectToObject(about, "features");

    cJSON_AddStringToObject(features, "path", x->path);
    cJSON_AddStringToObject(features, "sha256", x->sha256);
    return host_array_write_npy(s->settings->out, &array, f) &&
           write_about(s->settings->out, about, f);
}
