/* SPDX-License-Identifier: MIT
 *
 * data_hash.c - the SHA-256 of a data set. */
#include "host/files/data_hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/files/collection.h"
#include "host/files/image.h"
#include "host/files/map.h"

static bool hash_file(const char *path, char hex[HOST_DATA_HASH],
                      host_failure *f)
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
static bool hash_entry(host_collection *c, size_t i, char hex[HOST_DATA_HASH],
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
static bool hash_entries(host_collection *c, char hex[HOST_DATA_HASH],
                         host_failure *f)
{
    size_t size = 0, used = 0;
    for (size_t i = 0; i < c->count; i++) {
        size += strlen(c->entries[i].name) + 1 + HOST_DATA_HASH;
    }
    char *text = malloc(size + 1);
    bool good = text != NULL || host_fail(f, "%s: out of memory", c->path);
    for (size_t i = 0; good && i < c->count; i++) {
        size_t length = strlen(c->entries[i].name) + 1;
        memcpy(text + used, c->entries[i].name, length);
        used += length;
        good = hash_entry(c, i, text + used, f);
        used += HOST_DATA_HASH;
    }
    if (good) {
        cg_sha256(text, size, hex);
    }
    free(text);
    return good;
}

static bool hash_folder(const char *path, char hex[HOST_DATA_HASH],
                        host_failure *f)
{
    host_collection c;
    if (!host_collection_open(&c, path, host_image_is_name, f)) {
        return false;
    }
    bool good = hash_entries(&c, hex, f);
    host_collection_close(&c);
    return good;
}

bool host_data_hash(const char *path, char hex[HOST_DATA_HASH],
                    host_failure *f)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        return host_fail(f, "%s: cannot be opened: %s", path,
                         strerror(errno));
    }
    return S_ISDIR(status.st_mode) ? hash_folder(path, hex, f)
                                   : hash_file(path, hex, f);
}
