/* SPDX-License-Identifier: MIT
 *
 * temi_state.c - the arrays of a state as they lie in memory. */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host/execution/agreement.h"
#include "host/execution/ranks.h"
#include "host/files/arrays_write.h"
#include "tools/cluster/cluster_files.h"
#include "tools/cluster/temi_state.h"

#define RECIPE "cedm.cluster.recipe"
#define COUNTERS "cedm.cluster.counters"

#define ARRAYS 7u

/* Name, place and size of all arrays: one list for both ways. */
static void list_arrays(const cluster_temi *t, host_array out[ARRAYS])
{
    const cluster_temi_state *s = &t->state;
    const uint64_t heads = t->options.heads, floats = t->layout.floats;
    const uint64_t clusters = t->options.shape.clusters;
    const host_array arrays[ARRAYS] = {
        {"student", CG_F32, 2, {heads, floats}, s->student},
        {"teacher", CG_F32, 2, {heads, floats}, s->teacher},
        {"m", CG_F32, 2, {heads, floats}, s->m},
        {"v", CG_F32, 2, {heads, floats}, s->v},
        {"marginal", CG_F64, 2, {heads, clusters}, s->marginal},
        {"loss", CG_F64, 1, {heads}, s->loss},
        {"epoch_loss", CG_F64, 1, {heads}, t->epoch_loss},
    };

    memcpy(out, arrays, sizeof arrays);
}

static bool write_state(const char *path, const char *recipe,
                        const cluster_temi *t, host_failure *f)
{
    host_array arrays[ARRAYS];
    char counters[160];

    list_arrays(t, arrays);
    (void)snprintf(counters, sizeof counters,
                   "{\"step\":%" PRIu64 ",\"updates\":%" PRIu64
                   ",\"last_updates\":%" PRIu64 ",\"best\":%" PRIu32 "}",
                   t->state.step, t->state.updates, t->state.last_updates,
                   t->best);
    const cg_metadata notes[] = {{RECIPE, recipe}, {COUNTERS, counters}};

    return host_arrays_write(path, arrays, ARRAYS, notes, 2, f);
}

bool cluster_temi_save(const char *path, const char *recipe, cluster_temi *t,
                       host_failure *f)
{
    cluster_temi_know(t);
    return host_agree(
        host_ranks_rank() != 0 || write_state(path, recipe, t, f), f);
}

static bool take_arrays(const cg_file *file, cluster_temi *t, host_failure *f)
{
    cluster_temi_state *s = &t->state;
    void *const to[ARRAYS] = {s->student,  s->teacher, s->m,         s->v,
                              s->marginal, s->loss,    t->epoch_loss};
    host_array arrays[ARRAYS];

    list_arrays(t, arrays);
    for (size_t i = 0; i < ARRAYS; i++) {
        const cg_array *a = cg_find(file, arrays[i].name);
        const size_t width = arrays[i].dtype == CG_F64 ? 8 : 4;
        const uint64_t elements =
            arrays[i].shape[0] *
            (arrays[i].rank == 2 ? arrays[i].shape[1] : 1);

        if (a == NULL || a->dtype != arrays[i].dtype ||
            a->elements != elements) {
            return host_fail(f,
                             "%s:%s: not as it was written; begin without "
                             "--resume",
                             file->path, arrays[i].name);
        }
        memcpy(to[i], a->data, elements * width);
    }
    return true;
}

static bool take_counters(const cg_file *file, cluster_temi *t,
                          host_failure *f)
{
    const char *text = cg_find_metadata(file, COUNTERS);
    cJSON *json = text != NULL ? cJSON_Parse(text) : NULL;
    const uint64_t most = UINT64_C(1) << 53;
    uint64_t best = 0;
    const bool good =
        cluster_json_u64(json, "step", most, &t->state.step) &&
        cluster_json_u64(json, "updates", most, &t->state.updates) &&
        cluster_json_u64(json, "last_updates", most,
                         &t->state.last_updates) &&
        cluster_json_u64(json, "best", t->options.heads - 1, &best);

    t->best = (uint32_t)best;
    cJSON_Delete(json);
    return good || host_fail(f,
                             "%s: no usable counters; begin without "
                             "--resume",
                             file->path);
}

static bool read_state(const char *path, const char *recipe, cluster_temi *t,
                       host_failure *f)
{
    cg_error error;
    cg_file *file = cg_open(path, &error);

    if (file == NULL) {
        return host_fail(f, "%s", error.text);
    }
    const char *found = cg_find_metadata(file, RECIPE);
    const bool good =
        ((found != NULL && strcmp(found, recipe) == 0) ||
         host_fail(f,
                   "%s: of another run; wanted %s, got %s; give the "
                   "options that it began with",
                   path, recipe, found != NULL ? found : "none")) &&
        take_arrays(file, t, f) && take_counters(file, t, f);

    cg_close(file);
    return good;
}

bool cluster_temi_load(const char *path, const char *recipe, cluster_temi *t,
                       host_failure *f)
{
    if (!host_agree(host_ranks_rank() != 0 || read_state(path, recipe, t, f),
                    f)) {
        return false;
    }
    cluster_temi_share(t);
    return true;
}
