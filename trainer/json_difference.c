/* SPDX-License-Identifier: MIT
 *
 * json_difference.c - the fields of one object that another has not. */
#include "trainer/json_difference.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

typedef struct words {
    char *text;
    size_t size, used;
} words;

static void add(words *w, const char *text)
{
    int n = snprintf(w->text + w->used, w->size - w->used, "%s", text);

    w->used += n > 0 ? (size_t)n : 0;
    if (w->used >= w->size) {
        w->used = w->size - 1;
        memcpy(w->text + w->size - 4, "...", 4);
    }
}

static void add_field(words *w, const char *name, const cJSON *value,
                      bool *first)
{
    char *text = value == NULL ? NULL : cJSON_PrintUnformatted(value);

    add(w, *first ? " " : ", ");
    add(w, name);
    add(w, " ");
    add(w, text == NULL ? "none" : text);
    cJSON_free(text);
    *first = false;
}

/* The fields of `a` that differ in `b`, or of `b` that `a` has not, as they
 * are in `shown`, one of the two. */
static void add_fields(words *w, const cJSON *a, const cJSON *b,
                       const cJSON *shown)
{
    const cJSON *item;
    bool first = true;

    cJSON_ArrayForEach(item, a)
    {
        const cJSON *other =
            cJSON_GetObjectItemCaseSensitive(b, item->string);

        if (other == NULL || !cJSON_Compare(item, other, true)) {
            add_field(w, item->string, shown == a ? item : other, &first);
        }
    }
    cJSON_ArrayForEach(item, b)
    {
        if (cJSON_GetObjectItemCaseSensitive(a, item->string) == NULL) {
            add_field(w, item->string, shown == a ? NULL : item, &first);
        }
    }
    if (first) {
        add(w, " another text");
    }
}

void train_json_difference(const char *wanted, const char *got, char *text,
                           size_t size)
{
    cJSON *a = cJSON_Parse(wanted), *b = cJSON_Parse(got);
    words w = {text, size, 0};

    add(&w, "wanted");
    if (cJSON_IsObject(a) && cJSON_IsObject(b)) {
        add_fields(&w, a, b, a);
        add(&w, ", got");
        add_fields(&w, a, b, b);
    } else {
        add(&w, " an object, got another text");
    }
    cJSON_Delete(a);
    cJSON_Delete(b);
}
