/* SPDX-License-Identifier: MIT
 *
 * golden.c - arrays of a golden file, in our types and order. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "host/verify/golden.h"

static bool check_finite(const cg_file *file, const cg_array *array,
                         host_failure *f)
{
    for (uint64_t i = 0; i < array->elements; i++) {
        double value = cg_element(array, i);
        if (!isfinite(value)) {
            return host_fail(f,
                             "%s:%s: element %" PRIu64
                             " is %g; wanted finite "
                             "numbers; record the file again",
                             file->path, array->name, i, value);
        }
    }
    return true;
}

cg_file *host_golden_open(const char *path, host_failure *f)
{
    cg_error error;
    cg_file *file = cg_open(path, &error);
    if (file == NULL) {
        host_fail(f, "%s", error.text);
        return NULL;
    }
    for (size_t i = 0; i < file->array_count; i++) {
        if (!check_finite(file, &file->arrays[i], f)) {
            cg_close(file);
            return NULL;
        }
    }
    return file;
}

double *host_golden_maps(const cg_file *file, const cg_array *array,
                         host_failure *f)
{
    double *out = calloc((size_t)array->elements + 1, sizeof *out);
    if (out == NULL) {
        host_fail(f, "%s:%s: out of memory", file->path, array->name);
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

const cg_array *host_golden_array(const cg_file *file, const char *name,
                                  int rank, uint64_t elements,
                                  host_failure *f)
{
    const cg_array *array = cg_find(file, name);
    if (array == NULL) {
        host_fail(f, "%s: holds no array '%s'", file->path, name);
        return NULL;
    }
    if (array->rank != rank ||
        (elements > 0 && array->elements != elements)) {
        host_fail(f,
                  "%s:%s: wanted rank %d and %" PRIu64 " elements, got rank "
                  "%d and %" PRIu64 "; the model is another",
                  file->path, name, rank, elements, array->rank,
                  array->elements);
        return NULL;
    }
    return array;
}

int64_t *host_golden_integers(const cg_file *file, const char *name,
                              uint64_t n, int64_t low, int64_t high,
                              host_failure *f)
{
    const cg_array *array = host_golden_array(file, name, 1, n, f);
    if (array == NULL) {
        return NULL;
    }
    int64_t *out = calloc((size_t)n + 1, sizeof *out);
    if (out == NULL) {
        host_fail(f, "%s:%s: out of memory", file->path, name);
        return NULL;
    }
    for (uint64_t i = 0; i < n; i++) {
        double value = cg_element(array, i);
        if (!(value >= (double)low && value <= (double)high)) {
            host_fail(f,
                      "%s:%s: wanted integers from %" PRId64 " to %" PRId64
                      ", got %g",
                      file->path, name, low, high, value);
            free(out);
            return NULL;
        }
        out[i] = (int64_t)value;
    }
    return out;
}

bool host_golden_number(const cg_file *file, const char *key, double *value,
                        host_failure *f)
{
    const char *text = cg_find_metadata(file, key);
    char *end = NULL;
    if (text != NULL) {
        *value = strtod(text, &end);
    }
    return (end != NULL && end != text && *end == '\0') ||
           host_fail(f, "%s: the metadata holds no number '%s'", file->path,
                     key);
}
