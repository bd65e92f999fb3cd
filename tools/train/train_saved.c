/* SPDX-License-Identifier: MIT
 *
 * train_saved.c - options as a JSON object, there and back. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "tools/train/train_saved.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/files/output.h"

#define LIMIT ((size_t)1 << 20) /* bytes of options.json */

static bool among(const char *name, const char *const *names)
{
    while (*names != NULL && strcmp(*names, name) != 0) {
        names++;
    }
    return *names != NULL;
}

static char *absolute(const char *path)
{
    char *real = realpath(path, NULL);

    return real != NULL ? real : strdup(path);
}

bool train_saved_note(cJSON *kept, const host_args *a, host_failure *f)
{
    static const char *const once[] = {"out",      "resume",       "new-data",
                                       "transfer", "transfer-any", "dry-run",
                                       "version",  "help",         NULL};
    static const char *const paths[] = {"data", "clusters", NULL};
    cJSON *value;
    char *path;

    if (among(a->name, once)) {
        return true;
    }
    if (a->value == NULL) {
        value = cJSON_CreateTrue();
    } else {
        path = among(a->name, paths) ? absolute(a->value) : strdup(a->value);
        value = path == NULL ? NULL : cJSON_CreateString(path);
        free(path);
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

/* An array and its texts, which replace the items' own. */
static bool make_argv(cJSON *arguments, char ***argv, int *argc)
{
    cJSON *item;
    int count = 1;

    *argv = calloc((size_t)cJSON_GetArraySize(arguments) + 2, sizeof **argv);
    if (*argv == NULL) {
        return false;
    }
    (*argv)[0] = arguments->string;
    cJSON_ArrayForEach(item, arguments)
    {
        char *text = argument(item);

        cJSON_free(item->valuestring);
        item->valuestring = text;
        if (text == NULL) {
            return false;
        }
        (*argv)[count++] = text;
    }
    *argc = count;
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

bool train_saved_read(const char *folder, cJSON **json, char ***argv,
                      int *argc, host_failure *f)
{
    char path[4096];
    cJSON *arguments;

    *json = NULL;
    *argv = NULL;
    *argc = 1;
    (void)snprintf(path, sizeof path, "%s/options.json", folder);
    if (access(path, F_OK) != 0 && errno == ENOENT) {
        return true;
    }
    *json = parse(path, f);
    if (*json == NULL) {
        return false;
    }
    arguments = cJSON_GetObjectItemCaseSensitive(*json, "arguments");
    return !cJSON_IsObject(arguments) || make_argv(arguments, argv, argc) ||
           host_fail(f, "%s: out of memory", path);
}
