/* SPDX-License-Identifier: MIT
 *
 * opened.h - what the fuzz targets of cg_open share: whatever the bytes, it
 * gives a message or a file whose arrays share no byte. */
#ifndef CEDM_FUZZ_OPENED_H
#define CEDM_FUZZ_OPENED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codegen/codegen.h"

static inline void check_file(const cg_file *file)
{
    uint64_t bytes = 0;
    volatile double sum = 0.0; /* every element is really read */
    for (size_t i = 0; i < file->array_count; i++) {
        const cg_array *array = &file->arrays[i];
        if (cg_find(file, array->name) != array) {
            abort();
        }
        for (uint64_t k = 0; k < array->elements; k++) {
            sum = sum + cg_element(array, k);
        }
        bytes += array->elements; /* at least one byte each */
    }
    if (bytes > file->size) {
        abort();
    }
}

/* Opens a file of a head and a body. */
static inline void check_open(const void *head, size_t head_size,
                              const void *body, size_t body_size)
{
    char path[] = "/tmp/fuzz.XXXXXX";
    int descriptor = mkstemp(path);
    FILE *out = descriptor < 0 ? NULL : fdopen(descriptor, "wb");
    if (out == NULL || fwrite(head, 1, head_size, out) != head_size ||
        fwrite(body, 1, body_size, out) != body_size || fclose(out) != 0) {
        abort();
    }
    cg_error error = {{0}};
    cg_file *file = cg_open(path, &error);
    (void)unlink(path);
    if (file != NULL) {
        check_file(file);
        cg_close(file);
    } else if (strstr(error.text, "; wanted ") == NULL ||
               strstr(error.text, ", got ") == NULL) {
        abort();
    }
}

#endif
