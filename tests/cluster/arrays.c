/* SPDX-License-Identifier: MIT
 *
 * arrays.c - arrays of golden files. */
#include "tests/cluster/arrays.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

cg_file *arrays_open(const char *name)
{
    char path[256];
    cg_error error;
    cg_file *file;

    (void)snprintf(path, sizeof path, "tests/golden/science/%s.safetensors",
                   name);
    file = cg_open(path, &error);
    if (file == NULL) {
        fail_msg("%s", error.text);
    }
    return file;
}

static const cg_array *find(const cg_file *file, const char *prefix,
                            const char *name)
{
    char whole[256];
    const cg_array *array;

    (void)snprintf(whole, sizeof whole, "%s%s", prefix, name);
    array = cg_find(file, whole);
    if (array == NULL) {
        fail_msg("%s: no array '%s'", file->path, whole);
    }
    return array;
}

#define READ(kind, type)                                                     \
    type *arrays_##kind(const cg_file *file, const char *prefix,             \
                        const char *name)                                    \
    {                                                                        \
        const cg_array *array = find(file, prefix, name);                    \
        type *out = malloc((size_t)array->elements * sizeof *out);           \
                                                                             \
        assert_non_null(out);                                                \
        for (uint64_t i = 0; i < array->elements; i++) {                     \
            out[i] = (type)cg_element(array, i);                             \
        }                                                                    \
        return out;                                                          \
    }
READ(doubles, double)
READ(floats, float)
READ(integers, int32_t)
#undef READ

double arrays_number(const cg_file *file, const char *prefix,
                     const char *name)
{
    const cg_array *array = find(file, prefix, name);

    assert_int_equal(array->elements, 1);
    return cg_element(array, 0);
}

uint64_t arrays_extent(const cg_file *file, const char *name, int axis)
{
    const cg_array *array = find(file, "", name);

    assert_in_range(axis, 0, array->rank - 1);
    return array->shape[axis];
}

double arrays_parameter(const cg_file *file, const char *key)
{
    const char *text = cg_find_metadata(file, key);

    if (text == NULL) {
        fail_msg("%s: no parameter '%s'", file->path, key);
    }
    return strtod(text, NULL);
}
