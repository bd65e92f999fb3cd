/* SPDX-License-Identifier: MIT
 *
 * assigner.c - clusters of new features, by what k-means or TEMI saved. */
#include "cluster/assigner.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/nearest.h"

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

static bool open_centres(cluster_assigner *a, const cg_file *file,
                         host_failure *f)
{
    const cg_array *offsets = cg_find(file, "offsets");
    const cg_array *mean = cg_find(file, "mean");

    if (mean == NULL || mean->dtype != CG_F32 || mean->elements == 0 ||
        mean->elements > 1u << 20 || !is_matrix(offsets, mean->elements)) {
        return host_fail(f,
                         "%s: holds neither centres nor heads; wanted what "
                         "kmeans or temi saved",
                         file->path);
    }
    a->width = (uint32_t)mean->elements;
    a->clusters = (uint32_t)offsets->shape[0];
    a->centres = read_centres(file, mean, offsets, f);
    return a->centres != NULL;
}

/* ---- either ------------------------------------------------------------- */

static bool open_heads(cluster_assigner *a, const cg_file *file,
                       host_failure *f)
{
    const bool good = cluster_heads_read(&a->heads, file, f);

    a->width = a->heads.layout.shape.width;
    a->clusters = a->heads.layout.shape.clusters;
    return good;
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

bool cluster_assigner_open(cluster_assigner *a, const cg_file *file,
                           host_failure *f)
{
    *a = (cluster_assigner){.normalize = is_normalized(file)};
    return cluster_heads_there(file) ? open_heads(a, file, f)
                                     : open_centres(a, file, f);
}

void cluster_assigner_close(cluster_assigner *a)
{
    cluster_heads_close(&a->heads);
    free(a->centres);
    *a = (cluster_assigner){0};
}

/* Rows are centred as those of k-means were: the same bits. */
bool cluster_assigner_ids(const cluster_assigner *a, const cluster_rows *rows,
                          const cluster_workers *w, int32_t *ids,
                          host_failure *f)
{
    cluster_rows x = *rows;

    if (a->centres != NULL) {
        x.shift = a->centres;
        return cluster_assign_nearest(&x, a->centres + a->width, a->clusters,
                                      w, ids, f);
    }
    x.shift = a->heads.shift;
    x.scale = a->heads.scale;
    return cluster_head_assign(&a->heads.layout, a->heads.best_head, &x, w,
                               ids, f);
}
