/* SPDX-License-Identifier: MIT
 *
 * golden.c - arrays of a golden file, in our types and order. */
#include <inttypes.h>
#include <stdlib.h>

#include "golden.h"

double *golden_maps(const cg_file *file, const cg_array *array, failure *f)
{
    double *out = calloc((size_t)array->elements + 1, sizeof *out);
    if (out == NULL) {
        failed(f, "%s:%s: out of memory", file->path, array->name);
        return NULL;
    }
    const uint64_t *shape = array->shape + (array->rank == 4 ? 1 : 0);
    bool maps = array->rank >= 3;
    uint64_t channels = maps ? shape[0] : 1;
    uint64_t pixels = maps ? shape[1] * shape[2] : array->elements;
    for (uint64_t i = 0; i < array->elements; i++) {
        uint64_t pixel = i % pixels;
        uint64_t channel = i / pixels % channels;
        uint64_t image = i / pixels / channels;
        out[(image * pixels + pixel) * channels + channel] =
            cg_element(array, i);
    }
    return out;
}

const cg_array *golden_array(const cg_file *file, const char *name, int rank,
                             uint64_t elements, failure *f)
{
    const cg_array *array = cg_find(file, name);
    if (array == NULL) {
        failed(f, "%s: holds no array '%s'", file->path, name);
        return NULL;
    }
    if (array->rank != rank || (elements > 0 && array->elements != elements)) {
        failed(f,
               "%s:%s: wanted rank %d and %" PRIu64 " elements, got rank "
               "%d and %" PRIu64 "; the model is another",
               file->path, name, rank, elements, array->rank, array->elements);
        return NULL;
    }
    return array;
}

bool golden_number(const cg_file *file, const char *key, double *value,
                   failure *f)
{
    const char *text = cg_find_metadata(file, key);
    char *end = NULL;
    if (text != NULL) {
        *value = strtod(text, &end);
    }
    return (end != NULL && end != text && *end == '\0') ||
           failed(f, "%s: the metadata holds no number '%s'", file->path, key);
}
