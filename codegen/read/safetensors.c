/* SPDX-License-Identifier: MIT
 *
 * safetensors.c - opening a safetensors file, or refusing it.
 *
 * A file is the length of the header (8 bytes, little-endian), the header
 * (a JSON object: name -> dtype, shape, data_offsets) and the data.  Every
 * rule of the format is enforced [SAFETENSORS]; the decisive one is that the
 * tensors tile the data exactly, so that nothing overlaps and no byte is
 * outside a tensor.  Time is O(n log n), memory a small multiple of the
 * header, whatever the file says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "read/array.h"
#include "read/file.h"
#include "read/header.h"

#define LENGTH_BYTES 8u
#define HEADER_MAX 100000000u /* the format's own limit */

typedef struct opened {
    cg_file file;
    cg_map map;
    char *path;
    char *strings;
} opened;

static uint64_t bytes_of(const cg_array *array)
{
    return array->elements * cg_dtype_bytes(array->dtype);
}

/* By place; of two at one place the empty one comes first. */
static int compare_places(const void *a, const void *b)
{
    const cg_array *left = a, *right = b;
    if (left->data != right->data) {
        return left->data < right->data ? -1 : 1;
    }
    uint64_t l = bytes_of(left), r = bytes_of(right);
    return l != r ? (l < r ? -1 : 1) : strcmp(left->name, right->name);
}

static int compare_names(const void *a, const void *b)
{
    const cg_array *left = a, *right = b;
    return strcmp(left->name, right->name);
}

static bool check_tiling(cg_reader *r)
{
    const cg_file *file = r->file;
    uint64_t expected = 0;
    for (size_t i = 0; i < file->array_count; i++) {
        const cg_array *array = &file->arrays[i];
        uint64_t begin = (uint64_t)(array->data - r->data);
        if (begin != expected) {
            return cg_fail(r->error, "%s:%s: %s; wanted it to begin at %ju, "
                           "got %ju; " CG_REWRITE, r->file->path, array->name,
                           begin < expected ?
                           "the tensor overlaps the one before it" :
                           "there is a gap before the tensor",
                           (uintmax_t)expected, (uintmax_t)begin);
        }
        expected = begin + bytes_of(array);
    }
    if (expected != r->data_bytes) {
        return cg_fail(r->error, "%s:%zu: bytes after the last tensor; wanted "
                       "%ju bytes of data, got %ju; get the file again",
                       r->file->path,
                       (size_t)(r->data - r->file->bytes) +
                       (size_t)expected, (uintmax_t)expected,
                       (uintmax_t)r->data_bytes);
    }
    return true;
}

static bool check_unique(cg_reader *r)
{
    const cg_file *file = r->file;
    for (size_t i = 1; i < file->array_count; i++) {
        if (strcmp(file->arrays[i - 1].name, file->arrays[i].name) == 0) {
            return cg_fail(r->error, "%s:%s: the name comes twice; wanted one "
                           "tensor, got two; " CG_REWRITE, r->file->path,
                           file->arrays[i].name);
        }
    }
    for (size_t i = 1; i < file->metadata_count; i++) {
        if (strcmp(file->metadata[i - 1].key, file->metadata[i].key) == 0) {
            return cg_fail(r->error, "%s:__metadata__: the key \"%.64s\" "
                           "comes twice; wanted it once, got two; " CG_REWRITE,
                           r->file->path, file->metadata[i].key);
        }
    }
    return true;
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

/* Finds header and data in the file. */
static bool find_parts(cg_reader *r)
{
    const cg_file *file = r->file;
    uint64_t length = 0;
    if (file->size < LENGTH_BYTES + 2) {
        return cg_fail(r->error, "%s:0: the file is too short; wanted at "
                       "least %u bytes, got %zu; get the file again",
                       file->path, LENGTH_BYTES + 2, file->size);
    }
    for (unsigned i = 0; i < LENGTH_BYTES; i++) {
        length |= (uint64_t)file->bytes[i] << (8 * i);
    }
    uint64_t most = file->size - LENGTH_BYTES;
    most = most < HEADER_MAX ? most : HEADER_MAX;
    if (length < 2 || length > most) {
        return cg_fail(r->error, "%s:0: not a safetensors file, or cut short; "
                       "wanted a header of 2 to %ju bytes, got %ju; check "
                       "what file this is", file->path, (uintmax_t)most,
                       (uintmax_t)length);
    }
    r->json.at = file->bytes + LENGTH_BYTES;
    r->json.end = r->json.at + length;
    r->data = r->json.end;
    r->data_bytes = file->size - LENGTH_BYTES - length;
    if (*r->json.at != '{') {
        return cg_fail(r->error, "%s:%u: not a safetensors file; wanted the "
                       "header to begin with '{', got byte 0x%02x; check what "
                       "file this is", file->path, LENGTH_BYTES,
                       *r->json.at);
    }
    return true;
}

static bool read_file(opened *o, cg_error *error)
{
    cg_file *file = &o->file;
    cg_reader r = {.file = file, .error = error};
    if (!find_parts(&r)) {
        return false;
    }
    o->strings = malloc((size_t)(r.json.end - r.json.at));
    if (o->strings == NULL) {
        return cg_fail(error, "%s: out of memory; wanted %zu bytes, got none; "
                       "free some memory", file->path,
                       (size_t)(r.json.end - r.json.at));
    }
    r.text = o->strings;
    if (!cg_read_header(&r)) {
        return false;
    }
    sort(file->arrays, file->array_count, sizeof *file->arrays,
         compare_places);
    if (!check_tiling(&r)) {
        return false;
    }
    sort(file->arrays, file->array_count, sizeof *file->arrays,
         compare_names);
    sort(file->metadata, file->metadata_count, sizeof *file->metadata,
         compare_keys);
    return check_unique(&r);
}

cg_file *cg_open(const char *path, cg_error *error)
{
    opened *o = calloc(1, sizeof *o);
    char *copy = malloc(strlen(path) + 1);
    if (o == NULL || copy == NULL) {
        (void)cg_fail(error, "%s: out of memory; wanted %zu bytes, got none; "
                      "free some memory", path, sizeof *o);
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
    opened *o = file->memory;
    cg_map_close(&o->map);
    free(o->file.arrays);
    free(o->file.metadata);
    free(o->strings);
    free(o->path);
    free(o);
}
