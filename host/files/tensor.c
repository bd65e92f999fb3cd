/* SPDX-License-Identifier: MIT
 *
 * tensor.c - a list of numbers in a file of PyTorch. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/codegen.h"
#include "host/files/tensor.h"

bool host_tensor_begins(const unsigned char *bytes, size_t size)
{
    return size >= 2 && (memcmp(bytes, "PK", 2) == 0 || bytes[0] == 0x80);
}

static double *numbers(const cg_file *file, uint64_t count, const char *what,
                       host_failure *f)
{
    const cg_array *array = cg_find(file, "tensor");
    if (array == NULL || file->array_count != 1) {
        (void)host_fail(f,
                        "%s: wanted one tensor or list of numbers, got %zu "
                        "tensors with names",
                        file->path, file->array_count);
        return NULL;
    }
    if (array->rank != 1) {
        (void)host_fail(f,
                        "%s: wanted a tensor of one dimension, got one of %d",
                        file->path, array->rank);
        return NULL;
    }
    if (array->elements != count) {
        (void)host_fail(f,
                        "%s: wanted %" PRIu64 " numbers, one per %s, got "
                        "%" PRIu64,
                        file->path, count, what, array->elements);
        return NULL;
    }
    double *values = calloc(count > 0 ? count : 1, sizeof *values);
    if (values == NULL) {
        (void)host_fail(f, "%s: out of memory", file->path);
        return NULL;
    }
    for (uint64_t i = 0; i < count; i++) {
        values[i] = cg_element(array, i);
    }
    return values;
}

double *host_tensor_read(const char *path, uint64_t count, const char *what,
                         host_failure *f)
{
    cg_error error;
    cg_file *file = cg_open(path, &error);
    if (file == NULL) {
        (void)host_fail(f, "%s", error.text);
        return NULL;
    }
    double *values = numbers(file, count, what, f);
    cg_close(file);
    return values;
}
