/* SPDX-License-Identifier: MIT
 *
 * open.c - opening a file of named arrays, whatever its format: the first
 * bytes decide, never the name. */
#include <stdlib.h>
#include <string.h>

#include "codegen/error.h"
#include "codegen/read/checksums.h"
#include "codegen/read/contents.h"

/* The length of a safetensors header may look like the beginning of another
 * format, but no other format has a '{' behind a length that small. */
static bool is_safetensors(const cg_map *map)
{
    uint64_t length = 0;
    if (map->size < 9 || map->bytes[8] != '{') {
        return false;
    }
    for (unsigned i = 0; i < 8; i++) {
        length |= (uint64_t)map->bytes[i] << (8 * i);
    }
    return length <= map->size - 8;
}

/* Protocols 0 and 1 of pickle have no mark of their own. */
static bool is_old_pickle(const cg_map *map)
{
    static const char *const begins[] = {
        "(dp", "(lp", "}q", "]q", "ctorch", "cnumpy", "ccollections"};
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
        size_t length = strlen(begins[i]);
        if (map->size >= length &&
            memcmp(map->bytes, begins[i], length) == 0) {
            return true;
        }
    }
    return false;
}

static bool read_any(cg_opened *o, cg_error *error)
{
    static const unsigned char zip[] = {'P', 'K', 3, 4};
    /* PROTO 2 and the magic number that torch.save's old format begins with */
    static const unsigned char legacy[] = {0x80, 0x02, 0x8a, 0x0a,
                                           0x6c, 0xfc, 0x9c, 0x46};
    const cg_map *map = &o->map;
    if (is_safetensors(map)) {
        return cg_read_safetensors(o, error);
    }
    if (map->size >= sizeof zip && memcmp(map->bytes, zip, sizeof zip) == 0) {
        return cg_read_torch_zip(o, error);
    }
    if (map->size >= sizeof legacy &&
        memcmp(map->bytes, legacy, sizeof legacy) == 0) {
        return cg_read_torch_legacy(o, error);
    }
    if (map->size >= 2 && map->bytes[0] == 0x80 && map->bytes[1] >= 2 &&
        map->bytes[1] <= 5) {
        return cg_read_pickle(o, error);
    }
    if (is_old_pickle(map)) {
        return cg_fail(error,
                       "%s:0: a pickle of protocol 0 or 1; wanted protocol 2 "
                       "to 5, got an older one; save it again with protocol "
                       "4",
                       o->file.path);
    }
    return cg_read_safetensors(o, error);
}

static cg_file *open_file(const char *path, bool moments, cg_error *error)
{
    cg_opened *o = calloc(1, sizeof *o);
    char *copy = malloc(strlen(path) + 1);
    if (o == NULL || copy == NULL) {
        (void)cg_fail(error,
                      "%s: out of memory; wanted %zu bytes, got none; "
                      "free some memory",
                      path, sizeof *o);
        goto failed;
    }
    if (!cg_map_open(&o->map, path, error)) {
        goto failed;
    }
    o->moments = moments;
    o->path = strcpy(copy, path);
    o->file.path = copy;
    o->file.bytes = o->map.bytes;
    o->file.size = o->map.size;
    o->file.memory = o;
    if (!read_any(o, error) || !cg_sort_by_name(&o->file, error) ||
        !cg_check_sums(&o->file, error)) {
        cg_close(&o->file);
        return NULL;
    }
    return &o->file;
failed:
    free(copy);
    free(o);
    return NULL;
}

cg_file *cg_open(const char *path, cg_error *error)
{
    return open_file(path, false, error);
}

cg_file *cg_open_training(const char *path, cg_error *error)
{
    return open_file(path, true, error);
}

void cg_close(cg_file *file)
{
    if (file == NULL) {
        return;
    }
    cg_opened *o = file->memory;
    cg_map_close(&o->map);
    cg_forget(o);
    free(o->path);
    free(o);
}
