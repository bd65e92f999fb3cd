/* SPDX-License-Identifier: MIT
 *
 * embed_about.c - what is known of a file of features: by whom, of which
 * images. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/files/json_text.h"
#include "host/files/map.h"
#include "tools/embed/embed_about.h"

#define HEX 65

/* ---- the data ----------------------------------------------------------- */

static bool hash_file(const char *path, char hex[HEX], host_failure *f)
{
    cg_map map;
    if (!host_map_open(&map, path, f)) {
        return false;
    }
    cg_sha256(map.bytes, map.size, hex);
    cg_map_close(&map);
    return true;
}

/* Writes a file's SHA-256 with its zero. */
static bool hash_entry(host_collection *c, size_t i, char hex[HEX],
                       host_failure *f)
{
    size_t size;
    unsigned char *bytes = host_collection_read(c, i, &size, f);
    if (bytes != NULL) {
        cg_sha256(bytes, size, hex);
    }
    free(bytes);
    return bytes != NULL;
}

/* Names and hashes in one text, whose hash is the folder's. */
static bool hash_entries(host_collection *c, char hex[HEX], host_failure *f)
{
    size_t size = 0, used = 0;
    for (size_t i = 0; i < c->count; i++) {
        size += strlen(c->entries[i].name) + 1 + HEX;
    }
    char *text = malloc(size + 1);
    bool good = text != NULL || host_fail(f, "%s: out of memory", c->path);
    for (size_t i = 0; good && i < c->count; i++) {
        size_t length = strlen(c->entries[i].name) + 1;
        memcpy(text + used, c->entries[i].name, length);
        used += length;
        good = hash_entry(c, i, text + used, f);
        used += HEX;
    }
    if (good) {
        cg_sha256(text, size, hex);
    }
    free(text);
    return good;
}

static bool hash_folder(const char *path, char hex[HEX], host_failure *f)
{
    host_collection c;
    if (!host_collection_open(&c, path, host_image_is_name, f)) {
        return false;
    }
    bool good = hash_entries(&c, hex, f);
    host_collection_close(&c);
    return good;
}

static bool hash_data(const char *path, char hex[HEX], host_failure *f)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        return host_fail(f, "%s: cannot be opened: %s", path,
                         strerror(errno));
    }
    return S_ISDIR(status.st_mode) ? hash_folder(path, hex, f)
                                   : hash_file(path, hex, f);
}

/* ---- the texts ---------------------------------------------------------- */

/* Frees the object. */
static char *printed(cJSON *object, bool complete, host_failure *f)
{
    char *text = complete ? cJSON_Print(object) : NULL;
    cJSON_Delete(object);
    if (text == NULL) {
        (void)host_fail(f, "out of memory for what is known of the features");
    }
    return text;
}

char *embed_recipe(const host_image_features *s, const embed_options *o,
                   const host_image_stream *images, host_failure *f)
{
    char hex[HEX];
    if (!hash_data(o->data, hex, f)) {
        return NULL;
    }
    const int shape[2] = {(int)images->total, (int)s->width};
    cJSON *root = cJSON_CreateObject();
    bool good =
        cJSON_AddItemToObject(root, "encoder",
                              host_image_features_describe(s)) &&
        cJSON_AddItemToObject(root, "shape", cJSON_CreateIntArray(shape, 2));
    cJSON *data = cJSON_AddObjectToObject(root, "data");
    good = good && cJSON_AddStringToObject(data, "sha256", hex) != NULL;
    return printed(root, good, f);
}

static bool add_names(cJSON *data, const host_image_stream *images)
{
    if (host_image_stream_name(images, 0) == NULL) {
        return true;
    }
    cJSON *names = cJSON_AddArrayToObject(data, "names");
    bool good = names != NULL;
    for (uint64_t i = 0; good && i < images->total; i++) {
        good = cJSON_AddItemToArray(
            names, host_json_text(host_image_stream_name(images, i)));
    }
    return good;
}

char *embed_about(const char *recipe, const embed_options *o,
                  const host_image_stream *images, host_failure *f)
{
    cJSON *root = cJSON_Parse(recipe);
    cJSON *data = cJSON_GetObjectItemCaseSensitive(root, "data");
    bool good =
        cJSON_AddItemToObject(data, "path", host_json_text(o->data)) &&
        add_names(data, images);
    return printed(root, good, f);
}
