/* SPDX-License-Identifier: MIT
 *
 * ids_source.c - how cluster ids were made. */
#include "host/files/ids_source.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/files/json_number.h"
#include "host/files/output.h"

/* cedm-cluster writes less than a page. */
#define MOST_BYTES ((size_t)1 << 20)

static const char *word(const cJSON *object, const char *name)
{
    const char *text =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return text != NULL ? text : "";
}

/* The texts are checked, so that they need no quoting. */
static bool describe(char text[HOST_IDS_SOURCE_BYTES], const cJSON *about)
{
    const char *method = word(about, "method");
    const char *hash =
        word(cJSON_GetObjectItemCaseSensitive(about, "features"), "sha256");
    size_t length = strlen(method);
    int64_t clusters;
    if (length < 1 || length > 31 ||
        strspn(method, "abcdefghijklmnopqrstuvwxyz-") != length ||
        strlen(hash) != 64 || strspn(hash, "0123456789abcdef") != 64 ||
        !host_json_integer(
            cJSON_GetObjectItemCaseSensitive(about, "clusters"), &clusters) ||
        clusters < 1) {
        return false;
    }
    (void)snprintf(text, HOST_IDS_SOURCE_BYTES,
                   "{\"method\":\"%s\",\"clusters\":%" PRId64
                   ",\"features_sha256\":\"%s\"}",
                   method, clusters, hash);
    return true;
}

bool host_ids_source_of(char source[HOST_IDS_SOURCE_BYTES], const char *text,
                        size_t size)
{
    cJSON *about = cJSON_ParseWithLength(text, size);
    bool there = describe(source, about);
    cJSON_Delete(about);
    return there;
}

/* IDS.json of IDS.npy, to be freed; NULL for other names or without memory. */
static char *path_beside(const char *path)
{
    size_t length = strlen(path);
    bool array = length > 4 && strcmp(path + length - 4, ".npy") == 0;
    char *beside = array ? malloc(length + 2) : NULL;
    if (beside != NULL) {
        (void)snprintf(beside, length + 2, "%.*s.json", (int)(length - 4),
                       path);
    }
    return beside;
}

bool host_ids_source(char **json, const char *path, host_failure *f)
{
    char text[HOST_IDS_SOURCE_BYTES];
    size_t size;
    host_failure ignored;
    char *beside = path_beside(path);
    unsigned char *bytes =
        beside != NULL ? host_input_file(beside, MOST_BYTES, &size, &ignored)
                       : NULL;
    bool there =
        bytes != NULL && host_ids_source_of(text, (const char *)bytes, size);
    free(bytes);
    free(beside);
    *json = there ? strdup(text) : NULL;
    return !there || *json != NULL || host_fail(f, "out of memory");
}
