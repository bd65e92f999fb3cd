/* SPDX-License-Identifier: MIT
 *
 * assign_command.c - cedm-cluster assign: clusters of new features, by what
 * kmeans or temi saved. */
#include <inttypes.h>
#include <stdlib.h>

#include "cluster/assigner.h"
#include "tools/cluster/cluster_files.h"

typedef struct assignment {
    cluster_session *s;
    const cg_file *file;
    cluster_assigner by;
    cluster_features x;
    int32_t *ids;
} assignment;

static bool open_features(assignment *a, host_failure *f)
{
    if (!cluster_features_open(&a->x, a->s, a->by.normalize, f)) {
        return false;
    }
    if (a->x.rows.width != a->by.width) {
        return host_fail(
            f, "%s: made for %" PRIu32 " features, got %" PRIu32 " in %s",
            a->file->path, a->by.width, a->x.rows.width, a->x.path);
    }
    a->ids = malloc(a->x.rows.count * sizeof *a->ids);
    return a->ids != NULL || host_fail(f, "out of memory for ids");
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
        cluster_ids_write(a->s, &a->x, a->ids, a->by.clusters, about, f);

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
        cluster_assigner_open(&a.by, file, f) && open_features(&a, f) &&
        cluster_assigner_ids(&a.by, &a.x.rows, &s->workers, a.ids, f) &&
        write_ids(&a, f);

    cluster_assigner_close(&a.by);
    cluster_features_close(&a.x);
    free(a.ids);
    cg_close(file);
    return good;
}
