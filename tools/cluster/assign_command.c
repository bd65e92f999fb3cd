/* SPDX-License-Identifier: MIT
 *
 * assign_command.c - cedm-cluster assign: clusters of new features, by what
 * kmeans or temi saved. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/nearest.h"
#include "tools/cluster/heads_file.h"

typedef struct assignment {
    cluster_session *s;
    const cg_file *file;
    cluster_features x;
    int32_t *ids;
    uint32_t clusters;
} assignment;

static bool open_features(assignment *a, bool normalize, uint64_t width,
                          host_failure *f)
{
    if (!cluster_features_open(&a->x, a->s, normalize, f)) {
        return false;
    }
    if (a->x.rows.width != width) {
        return host_fail(
            f, "%s: made for %" PRIu64 " features, got %" PRIu32 " in %s",
            a->file->path, width, a->x.rows.width, a->x.path);
    }
    a->ids = malloc(a->x.rows.count * sizeof *a->ids);
    return a->ids != NULL || host_fail(f, "out of memory for ids");
}

/* ---- centres ------------------------------------------------------------ */

static bool is_matrix(const cg_array *a, uint64_t columns)
{
    return a != NULL && a->dtype == CG_F32 && a->rank == 2 &&
           a->shape[0] >= 1 && a->shape[0] <= 1u << 20 &&
           a->shape[1] == columns;
}

/* Mean and offsets as one array, [1 + clusters][width]; to be freed. */
static float *read_centres(const cg_file *file, const cg_array *mean,
                           const cg_array *offsets, host_failure *f)
{
    const size_t floats = (size_t)(mean->elements + offsets->elements);
    float *out = malloc(floats * sizeof *out);

    if (out == NULL) {
        (void)host_fail(f, "%s: out of memory", file->path);
        return NULL;
    }
    memcpy(out, mean->data, mean->elements * sizeof *out);
    memcpy(out + mean->elements, offsets->data,
           offsets->elements * sizeof *out);
    for (size_t i = 0; i < floats; i++) {
        if (!isfinite(out[i])) {
            (void)host_fail(f, "%s: a centre is not finite", file->path);
            free(out);
            return NULL;
        }
    }
    return out;
}

static bool is_normalized(const cg_file *file)
{
    const char *about = cg_find_metadata(file, "cedm.cluster");
    cJSON *json = about != NULL ? cJSON_Parse(about) : NULL;
    const bool normalize =
        cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "normalize"));

    cJSON_Delete(json);
    return normalize;
}

/* Rows are centred as those of k-means were: the same bits. */
static bool by_centres(assignment *a, host_failure *f)
{
    const cg_array *offsets = cg_find(a->file, "offsets");
    const cg_array *mean = cg_find(a->file, "mean");

    if (mean == NULL || mean->dtype != CG_F32 ||
        !is_matrix(offsets, mean->elements)) {
        return host_fail(f,
                         "%s: holds neither centres nor heads; wanted what "
                         "kmeans or temi saved",
                         a->file->path);
    }
    if (!open_features(a, is_normalized(a->file), mean->elements, f)) {
        return false;
    }
    float *centres = read_centres(a->file, mean, offsets, f);

    if (centres == NULL) {
        return false;
    }
    a->x.rows.shift = centres;
    a->clusters = (uint32_t)offsets->shape[0];
    const bool good =
        cluster_assign_nearest(&a->x.rows, centres + mean->elements,
                               a->clusters, &a->s->workers, a->ids, f);

    a->x.rows.shift = NULL;
    free(centres);
    return good;
}

/* ---- heads -------------------------------------------------------------- */

static bool by_heads(assignment *a, host_failure *f)
{
    cluster_heads_file h;
    const bool good = cluster_heads_read(&h, a->file, f) &&
                      open_features(a, h.normalize, h.layout.shape.width, f);

    if (good) {
        a->x.rows.shift = h.shift;
        a->x.rows.scale = h.scale;
        a->clusters = h.layout.shape.clusters;
    }
    const bool done =
        good && cluster_head_assign(&h.layout, h.best_head, &a->x.rows,
                                    &a->s->workers, a->ids, f);

    cluster_heads_close(&h);
    return done;
}

static bool write_ids(assignment *a, host_failure *f)
{
    cJSON *about = cJSON_CreateObject();
    char hex[65];

    cg_sha256(a->file->bytes, a->file->size, hex);
    cJSON_AddStringToObject(about, "method", "assign");
    cJSON_AddStringToObject(about, "model", a->file->path);
    cJSON_AddStringToObject(about, "model_sha256", hex);
    const bool good =
        cluster_ids_write(a->s, &a->x, a->ids, a->clusters, about, f);

    cJSON_Delete(about);
    return good;
}

bool cluster_command_assign(cluster_session *s, host_failure *f)
{
    cg_error error;
    cg_file *file = cg_open(s->settings->model, &error);
    assignment a = {.s = s, .file = file};
    const bool good =
        (file != NULL || host_fail(f, "%s", error.text)) &&
        (cluster_heads_there(file) ? by_heads(&a, f) : by_centres(&a, f)) &&
        write_ids(&a, f);

    cluster_features_close(&a.x);
    free(a.ids);
    cg_close(file);
    return good;
}
