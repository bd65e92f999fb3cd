/* SPDX-License-Identifier: MIT
 *
 * contents.c - memory, arrays and metadata of a file being opened, and their
 * order. */
#include "codegen/read/contents.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/error.h"
#include "codegen/read/array.h"

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

/* Makes room for one more item; the count doubles. */
static bool grow(const cg_opened *o, void **items, size_t count,
                 size_t *capacity, size_t size, cg_error *error)
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

bool cg_add_array(cg_opened *o, const cg_array *array, cg_error *error)
{
    cg_file *file = &o->file;
    void *arrays = file->arrays;
    bool ok = grow(o, &arrays, file->array_count, &o->array_capacity,
                   sizeof *file->arrays, error);
    file->arrays = arrays;
    if (ok) {
        file->arrays[file->array_count++] = *array;
    }
    return ok;
}

bool cg_add_metadata(cg_opened *o, const char *key, const char *value,
                     cg_error *error)
{
    cg_file *file = &o->file;
    void *items = file->metadata;
    bool ok = grow(o, &items, file->metadata_count, &o->metadata_capacity,
                   sizeof *file->metadata, error);
    file->metadata = items;
    if (ok) {
        file->metadata[file->metadata_count++] = (cg_metadata){key, value};
    }
    return ok;
}

void cg_forget(cg_opened *o)
{
    free(o->file.arrays);
    free(o->file.metadata);
    while (o->blocks != NULL) {
        cg_block *block = o->blocks;
        o->blocks = block->next;
        free(block);
    }
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

bool cg_sort_by_name(cg_file *file, cg_error *error)
{
    sort(file->arrays, file->array_count, sizeof *file->arrays,
         compare_names);
    sort(file->metadata, file->metadata_count, sizeof *file->metadata,
         compare_keys);
    return check_unique(file, error);
}
