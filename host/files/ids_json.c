/* SPDX-License-Identifier: MIT
 *
 * ids_json.c - ids as JSON: lists, objects, EDM's dataset.json. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <string.h>

#include "host/files/ids.h"

static bool bad(const host_ids *ids, host_failure *f)
{
    return host_fail(f,
                     "%s: id %llu is unusable; wanted a list of numbers, "
                     "dataset.json's labels, or an object of names and "
                     "numbers",
                     ids->path, (unsigned long long)ids->count);
}

/* The place of the single 1 in a row of zeros, or -1. */
static int hot(const cJSON *row)
{
    const cJSON *item;
    int at = 0, found = -1;

    cJSON_ArrayForEach(item, row)
    {
        if (!cJSON_IsNumber(item) ||
            (item->valuedouble != 0.0 &&
             (item->valuedouble != 1.0 || found >= 0))) {
            return -1;
        }
        found = item->valuedouble == 1.0 ? at : found;
        at++;
    }
    return found;
}

/* A number or a one-hot row. */
static bool add_value(host_ids *ids, const cJSON *value, const char *name,
                      host_failure *f)
{
    int at;

    if (cJSON_IsNumber(value)) {
        return host_ids_add(ids, value->valuedouble, name, f);
    }
    at = cJSON_IsArray(value) ? hot(value) : -1;
    return at >= 0 ? host_ids_add(ids, at, name, f) : bad(ids, f);
}

/* ["img.png", label]: not a row, which has numbers only. */
static bool is_pair(const cJSON *item)
{
    return cJSON_IsArray(item) && cJSON_GetArraySize(item) == 2 &&
           cJSON_IsString(item->child);
}

static bool add_list(host_ids *ids, const cJSON *list, host_failure *f)
{
    const cJSON *item;
    bool named = list->child != NULL && is_pair(list->child);

    cJSON_ArrayForEach(item, list)
    {
        if (named && !is_pair(item)) {
            return bad(ids, f);
        }
        if (!add_value(ids, named ? item->child->next : item,
                       named ? item->child->valuestring : NULL, f)) {
            return false;
        }
    }
    return true;
}

static bool add_object(host_ids *ids, const cJSON *object, host_failure *f)
{
    const cJSON *item;

    for (size_t i = 0; host_ids_words[i] != NULL; i++) {
        item = cJSON_GetObjectItemCaseSensitive(object, host_ids_words[i]);
        if (cJSON_IsArray(item)) {
            return add_list(ids, item, f);
        }
        if (cJSON_IsNull(item)) {
            return host_fail(f, "%s: \"%s\" is null: it has no classes",
                             ids->path, host_ids_words[i]);
        }
    }
    cJSON_ArrayForEach(item, object)
    {
        if (!add_value(ids, item, item->string, f)) {
            return false;
        }
    }
    return true;
}

bool host_ids_add_json(host_ids *ids, const char *text, host_failure *f)
{
    const char *end = NULL;
    cJSON *json;
    bool good;

    errno = 0;
    json = cJSON_ParseWithOpts(text, &end, true);
    if (json == NULL) {
        return errno == ENOMEM
                   ? host_fail(f, "%s: out of memory", ids->path)
                   : host_fail(f, "%s:%td: not JSON; got \"%.20s\"",
                               ids->path, end == NULL ? 0 : end - text,
                               end == NULL ? text : end);
    }
    good = cJSON_IsArray(json) ? add_list(ids, json, f)
                               : add_object(ids, json, f);
    cJSON_Delete(json);
    return good;
}
