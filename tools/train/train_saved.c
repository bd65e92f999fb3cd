/* SPDX-License-Identifier: MIT
 *
 * train_saved.c - options as a JSON object, there and back. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "tools/train/train_saved.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/files/output.h"
#include "tools/train/train_eval.h"

#define LIMIT ((size_t)1 << 20) /* bytes of options.json */

static bool among(const char *name, const char *const *names)
{
    while (*names != NULL && strcmp(*names, name) != 0) {
        names++;
    }
    return *names != NULL;
}

static cJSON *eval_note(const char *text)
{
    host_failure unsaid = HOST_FAILURE_UNSAID; /* it was parsed before */
    train_eval eval;
    char *absolute = train_eval_parse(text, &eval, &unsaid)
                         ? train_eval_absolute(&eval)
                         : NULL;
    cJSON *note = absolute != NULL ? cJSON_CreateString(absolute) : NULL;

    free(absolute);
    return note;
}

bool train_saved_note(cJSON *kept, const host_args *a, host_failure *f)
{
    static const char *const once[] = {
        "out",     "resume",    "new-data", "transfer", "transfer-any",
        "dry-run", "sigma-rel", "version",  "help",     NULL};
    static const char *const paths[] = {"data", "clusters", NULL};
    cJSON *value;
    char path[PATH_MAX];

    if (among(a->name, once)) {
        return true;
    }
    if (a->value == NULL) {
        value = cJSON_CreateTrue();
    } else if (strcmp(a->name, "eval") == 0) {
        value = eval_note(a->value);
    } else if (among(a->name, paths) && realpath(a->value, path) != NULL) {
        value = cJSON_CreateString(path);
    } else {
        value = cJSON_CreateString(a->value);
    }
    cJSON_DeleteItemFromObjectCaseSensitive(kept, a->name);
    return (value != NULL && cJSON_AddItemToObject(kept, a->name, value)) ||
           host_fail(f, "out of memory");
}

/* "--name=value" or "--name"; NULL: no memory. */
static char *argument(const cJSON *item)
{
    const char *value = cJSON_IsString(item) ? item->valuestring : "";
    size_t size = strlen(item->string) + strlen(value) + 4;
    char *text = malloc(size);

    if (text != NULL) {
        (void)snprintf(text, size, "--%s%s%s", item->string,
                       cJSON_IsString(item) ? "=" : "", value);
    }
    return text;
}

static bool make_line(const cJSON *arguments, train_saved *saved)
{
    const cJSON *item;

    saved->argv = calloc((size_t)cJSON_GetArraySize(arguments) + 2,
                         sizeof *saved->argv);
    if (saved->argv == NULL) {
        return false;
    }
    cJSON_ArrayForEach(item, arguments)
    {
        saved->argv[saved->argc] = argument(item);
        if (saved->argv[saved->argc] == NULL) {
            return false;
        }
        saved->argc++;
    }
    return true;
}

static cJSON *parse(const char *path, host_failure *f)
{
    size_t size;
    unsigned char *text = host_input_file(path, LIMIT, &size, f);
    cJSON *json;

    if (text == NULL) {
        return NULL;
    }
    errno = 0;
    json = cJSON_Parse((const char *)text);
    if (json == NULL) {
        host_fail(f,
                  errno == ENOMEM
                      ? "%s: out of memory"
                      : "%s: is damaged; remove it and give all options",
                  path);
    }
    free(text);
    return json;
}

bool train_saved_read(train_saved *saved, const char *folder, host_failure *f)
{
    char path[4096];
    const cJSON *arguments;
    cJSON *json;
    bool good;

    *saved = (train_saved){.argc = 1};
    (void)snprintf(path, sizeof path, "%s/options.json", folder);
    if (access(path, F_OK) != 0 && errno == ENOENT) {
        return true;
    }
    json = parse(path, f);
    if (json == NULL) {
        return false;
    }
    arguments = cJSON_GetObjectItemCaseSensitive(json, "arguments");
    good = !cJSON_IsObject(arguments) || make_line(arguments, saved) ||
           host_fail(f, "%s: out of memory", path);
    cJSON_Delete(json);
    return good;
}

void train_saved_free(train_saved *saved)
{
    for (int i = 1; i < saved->argc; i++) {
        free(saved->argv[i]);
    }
    free(saved->argv);
    *saved = (train_saved){0};
}
