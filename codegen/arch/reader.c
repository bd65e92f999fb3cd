/* SPDX-License-Identifier: MIT
 *
 * reader.c - see reader.h. */
#include "codegen/arch/reader.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "codegen/error.h"

const cJSON *cg_read_item(const cg_reader *r, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(r->root, key);
}

bool cg_read_bad(const cg_reader *r, const char *key, const char *wanted)
{
    const cJSON *value = cg_read_item(r, key);
    char *text = value == NULL ? NULL : cJSON_PrintUnformatted(value);
    (void)cg_fail(r->error,
                  "%s:cedm.config: unusable %s; wanted %s, got %.80s; "
                  "change the configuration",
                  r->path, key, wanted, text == NULL ? "nothing" : text);
    cJSON_free(text);
    return false;
}

bool cg_read_uint(const cg_reader *r, const char *key, uint32_t low,
                  uint32_t high, uint32_t fallback, uint32_t *out)
{
    const cJSON *value = cg_read_item(r, key);
    if (value == NULL && fallback >= low) {
        *out = fallback;
        return true;
    }
    if (!cJSON_IsNumber(value) || value->valuedouble < (double)low ||
        value->valuedouble > (double)high ||
        value->valuedouble != floor(value->valuedouble)) {
        char wanted[64];
        (void)snprintf(wanted, sizeof wanted, "a whole number in %u..%u", low,
                       high);
        return cg_read_bad(r, key, wanted);
    }
    *out = (uint32_t)value->valuedouble;
    return true;
}

bool cg_read_list(const cg_reader *r, const char *key, uint32_t low,
                  uint32_t max, uint32_t *out, uint32_t *count)
{
    const cJSON *list = cg_read_item(r, key);
    int n = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : -1;
    if (n < 0 || n > (int)max) {
        return cg_read_bad(r, key, "a short list of whole numbers");
    }
    const cJSON *value;
    *count = 0;
    cJSON_ArrayForEach(value, list)
    {
        if (!cJSON_IsNumber(value) || value->valuedouble < (double)low ||
            value->valuedouble > 65536.0 ||
            value->valuedouble != floor(value->valuedouble)) {
            return cg_read_bad(r, key, "a short list of whole numbers");
        }
        out[(*count)++] = (uint32_t)value->valuedouble;
    }
    return true;
}

bool cg_read_word(const cg_reader *r, const char *key,
                  const char *const *words, const char *wanted, int *out)
{
    const cJSON *value = cg_read_item(r, key);
    if (value == NULL) {
        *out = 0;
        return true;
    }
    for (int i = 0; cJSON_IsString(value) && words[i] != NULL; i++) {
        if (strcmp(words[i], value->valuestring) == 0) {
            *out = i;
            return true;
        }
    }
    return cg_read_bad(r, key, wanted);
}

bool cg_read_double(const cg_reader *r, const char *key, double fallback,
                    double *out)
{
    const cJSON *value = cg_read_item(r, key);
    *out = fallback;
    if (value == NULL || cJSON_IsNull(value)) {
        return true;
    }
    if (!cJSON_IsNumber(value) || !isfinite(value->valuedouble) ||
        value->valuedouble < 0.0) {
        return cg_read_bad(r, key, "a number of at least 0");
    }
    *out = value->valuedouble;
    return true;
}

static bool is_known(const char *const *const lists[], size_t count,
                     const char *key)
{
    for (size_t i = 0; i < count; i++) {
        for (const char *const *word = lists[i]; *word != NULL; word++) {
            if (strcmp(*word, key) == 0) {
                return true;
            }
        }
    }
    return false;
}

static bool occurs_again(const cJSON *value)
{
    for (const cJSON *next = value->next; next != NULL; next = next->next) {
        if (strcmp(next->string, value->string) == 0) {
            return true;
        }
    }
    return false;
}

bool cg_read_known(const cg_reader *r, const char *const *const lists[],
                   size_t count)
{
    const cJSON *value;
    cJSON_ArrayForEach(value, r->root)
    {
        if (!is_known(lists, count, value->string)) {
            return cg_fail(r->error,
                           "%s:cedm.config: unknown key; wanted a "
                           "constructor argument of this network, got "
                           "\"%.64s\"; it could mean another network: "
                           "remove or rename it",
                           r->path, value->string);
        }
        if (occurs_again(value)) {
            return cg_fail(r->error,
                           "%s:cedm.config: repeated key; wanted "
                           "\"%.64s\" once, got it twice; keep one",
                           r->path, value->string);
        }
    }
    return true;
}
