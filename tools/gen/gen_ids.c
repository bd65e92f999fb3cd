/* SPDX-License-Identifier: MIT
 *
 * gen_ids.c - ids in a model's description, and their places. */
#include "tools/gen/gen_ids.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/cli/args.h"
#include "host/files/json_number.h"

/* Characters of a cluster in a list: ten digits and a comma. */
#define PLACE_MAX 11u

/* Ids that a list may name one by one. */
#define IDS_MAX 1000000u

/* Ascending, one for each cluster; NULL if the model has none. */
static const cJSON *ids_of(const host_model *m)
{
    const cJSON *clusters =
        cJSON_GetObjectItemCaseSensitive(m->description, "clusters");
    const cJSON *ids = cJSON_GetObjectItemCaseSensitive(clusters, "ids");
    bool fits = cJSON_IsArray(ids) &&
                cJSON_GetArraySize(ids) == (int)m->code->denoiser->label_dim;

    return fits && m->code->denoiser->label_dim > 0 ? ids : NULL;
}

/* The cluster of an id, or -1. */
static int64_t place_of(const cJSON *ids, uint64_t id)
{
    const cJSON *item;
    int64_t place = 0;

    cJSON_ArrayForEach(item, ids)
    {
        int64_t value;
        if (host_json_integer(item, &value) && value >= 0 &&
            (uint64_t)value == id) {
            return place;
        }
        place++;
    }
    return -1;
}

/* The first and last few, as "10, 20, 30, ..., 990". */
static void list_ids(const cJSON *ids, char *text, size_t size)
{
    const cJSON *item;
    int at = 0, count = cJSON_GetArraySize(ids);
    size_t used = 0;

    text[0] = '\0';
    cJSON_ArrayForEach(item, ids)
    {
        int64_t value = 0;
        if (used + 32 < size && (at < 8 || at + 1 == count) &&
            host_json_integer(item, &value)) {
            used += (size_t)snprintf(
                text + used, size - used, "%s%s%" PRId64, at > 0 ? ", " : "",
                at >= 8 && count > 9 ? "..., " : "", value);
        }
        at++;
    }
}

void gen_ids_hint(const host_model *m, host_failure *f)
{
    const cJSON *ids = ids_of(m), *item;
    char text[256];
    size_t used = strlen(f->text);
    bool plain = true;
    int at = 0;

    cJSON_ArrayForEach(item, ids)
    {
        int64_t value = -1;
        plain = plain && host_json_integer(item, &value) && value == at;
        at++;
    }
    if (ids != NULL && !plain) {
        list_ids(ids, text, sizeof text);
        (void)snprintf(f->text + used, sizeof f->text - used,
                       ", whose ids are %s: --id takes those", text);
    }
}

static bool append(const cJSON *ids, const char *option, uint64_t id,
                   char **end, host_failure *f)
{
    int64_t place = place_of(ids, id);
    char known[256];

    if (place < 0) {
        list_ids(ids, known, sizeof known);
        return host_bad_usage(f, "--%s: wanted one of %s, got %" PRIu64,
                              option, known, id);
    }
    *end += snprintf(*end, PLACE_MAX + 1, "%" PRId64 ",", place);
    return true;
}

bool gen_ids_there(const host_model *m)
{
    return ids_of(m) != NULL;
}

char *gen_ids_to_clusters(const host_model *m, const char *option,
                          const char *text, host_failure *f)
{
    const cJSON *ids = ids_of(m);
    host_args_list list;
    char *clusters, *end;
    bool good;

    if (ids == NULL) {
        (void)host_bad_usage(f, "--%s: model %s has no ids; use --cluster",
                             option, m->code->name);
        return NULL;
    }
    if (!host_args_list_parse(option, text, &list, f)) {
        return NULL;
    }
    clusters = end = list.count > IDS_MAX
                         ? NULL
                         : malloc((size_t)list.count * PLACE_MAX + 1);
    good = clusters != NULL ||
           host_bad_usage(f, "--%s: wanted at most %u ids", option, IDS_MAX);
    for (uint64_t i = 0; good && i < list.count; i++) {
        good = append(ids, option, host_args_list_at(&list, i), &end, f);
    }
    host_args_list_free(&list);
    if (!good) {
        free(clusters);
        return NULL;
    }
    end[-1] = '\0'; /* the last comma */
    return clusters;
}
