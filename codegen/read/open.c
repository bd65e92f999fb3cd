/* SPDX-License-Identifier: MIT
 *
 * open.c - opening a file of named arrays, whatever its format: the first
 * bytes decide, never the name. */
#include "codegen/read/open.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/error.h"
#include "codegen/read/array.h"
#include "codegen/read/checksums.h"

struct cg_block {
    cg_block *next;
    alignas(max_align_t) unsigned char bytes[];
};

void *cg_keep(cg_opened *o, size_t size, cg_error *error)
{
    cg_block *block =
        size > SIZE_MAX - sizeof *block ? NULL : malloc(sizeof *block + size);
    if (block == NULL) {
        (void)cg_fail(error,
                      "%s: out of memory; wanted %zu bytes, got none; "
                      "free some memory",
                      o->file.path, size);
        return NULL;
    }
    block->next = o->blocks;
    o->blocks = block;
    return block->bytes;
}

bool cg_grow(cg_opened *o, void **items, size_t count, size_t *capacity,
             size_t size, cg_error *error)
{
    if (count < *capacity) {
        return true;
    }
    size_t wanted = *capacity == 0 ? 64 : *capacity * 2;
    void *grown = realloc(*items, wanted * size);
    if (grown == NULL) {
        return cg_fail(error,
                       "%s: out of memory; wanted %zu bytes, got "
                       "none; free some memory",
                       o->file.path, wanted * size);
    }
    *items = grown;
    *capacity = wanted;
    return true;
}

/* ---- order ------------------------------------------------------------- */

static int compare_places(const void *a, const void *b)
{
    const cg_array *left = a, *right = b;
    uintptr_t l = (uintptr_t)left->data, r = (uintptr_t)right->data;
    if (l != r) {
        return l < r ? -1 : 1;
    }
    uint64_t m = cg_array_bytes(left), n = cg_array_bytes(right);
    return m != n ? (m < n ? -1 : 1) : strcmp(left->name, right->name);
}

static int compare_names(const void *a, const void *b)
{
    const cg_array *left = a, *right = b;
    return strcmp(left->name, right->name);
}

static int compare_keys(const void *a, const void *b)
{
    const cg_metadata *left = a, *right = b;
    return strcmp(left->key, right->key);
}

/* qsort must not be given NULL, not even with a count of 0. */
static void sort(void *items, size_t count, size_t size,
                 int (*compare)(const void *, const void *))
{
    if (count > 1) {
        qsort(items, count, size, compare);
    }
}

void cg_sort_by_place(cg_file *file)
{
    sort(file->arrays, file->array_count, sizeof *file->arrays,
         compare_places);
}

static bool check_unique(const cg_file *file, cg_error *error)
{
    for (size_t i = 1; i < file->array_count; i++) {
        if (strcmp(file->arrays[i - 1].name, file->arrays[i].name) == 0) {
            return cg_fail(error,
                           "%s:%s: the name comes twice; wanted one "
                           "tensor, got two; save the file again",
                           file->path, file->arrays[i].name);
        }
    }
    for (size_t i = 1; i < file->metadata_count; i++) {
        if (strcmp(file->metadata[i - 1].key, file->metadata[i].key) == 0) {
            return cg_fail(error,
                           "%s:__metadata__: the key \"%.64s\" comes "
                           "twice; wanted it once, got two; save the file "
                           "again",
                           file->path, file->metadata[i].key);
        }
    }
    return true;
}

/* ---- formats ----------------------------------------------------------- */

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

static bool read_file(cg_opened *o, cg_error *error)
{
    cg_file *file = &o->file;
    if (!read_any(o, error)) {
        return false;
    }
    sort(file->arrays, file->array_count, sizeof *file->arrays,
         compare_names);
    sort(file->metadata, file->metadata_count, sizeof *file->metadata,
         compare_keys);
    return check_unique(file, error) && cg_check_sums(file, error);
}

cg_file *cg_open(const char *path, cg_error *error)
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
    o->path = strcpy(copy, path);
    o->file.path = copy;
    o->file.bytes = o->map.bytes;
    o->file.size = o->map.size;
    o->file.memory = o;
    if (!read_file(o, error)) {
        cg_close(&o->file);
        return NULL;
    }
    return &o->file;
failed:
    free(copy);
    free(o);
    return NULL;
}

void cg_close(cg_file *file)
{
    if (file == NULL) {
        return;
    }
    cg_opened *o = file->memory;
    cg_map_close(&o->map);
    free(o->file.arrays);
    free(o->file.metadata);
    while (o->blocks != NULL) {
        cg_block *block = o->blocks;
        o->blocks = block->next;
        free(block);
    }
    free(o->path);
    free(o);
}
