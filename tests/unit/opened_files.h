/* SPDX-License-Identifier: MIT
 *
 * opened_files.h - what the tests of the readers share: writing a file,
 * judging a refusal, reading all of an opened one. */
#ifndef CEDM_TESTS_OPENED_FILES_H
#define CEDM_TESTS_OPENED_FILES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "codegen/codegen.h"

static char path[64];

static int make_path(void **state)
{
    (void)state;
    (void)snprintf(path, sizeof path, "/tmp/cedm_file_test.XXXXXX");
    int descriptor = mkstemp(path);
    return descriptor < 0 ? -1 : close(descriptor);
}

static int remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

static void write_bytes(const void *bytes, size_t size)
{
    /* a new file each time: some file systems flush one that is truncated */
    (void)unlink(path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* The message is `path:where: what; wanted X, got Y; what to do`. */
static inline void check_message(const char *rule, const char *file_name,
                                 const char *where, const char *what,
                                 const char *message)
{
    size_t length = strlen(file_name);
    const char *wanted = strstr(message, "; wanted ");
    const char *got = wanted == NULL ? NULL : strstr(wanted, ", got ");
    const char *advice = got == NULL ? NULL : strstr(got, "; ");
    if (strncmp(message, file_name, length) != 0 ||
        strncmp(message + length, where, strlen(where)) != 0) {
        fail_msg("%s: wanted \"%s%s\" first, got \"%s\"", rule, file_name,
                 where, message);
    }
    if (strstr(message, what) == NULL || advice == NULL) {
        fail_msg("%s: wanted \"%s; wanted ..., got ...; ...\", got \"%s\"",
                 rule, what, message);
    }
}

static inline void refuse_bytes(const char *rule, const void *bytes,
                                size_t size, const char *where,
                                const char *what)
{
    cg_error error = {{0}};
    write_bytes(bytes, size);
    cg_file *file = cg_open(path, &error);
    if (file != NULL) {
        cg_close(file);
        fail_msg("%s: wanted a refusal, got a file", rule);
    }
    check_message(rule, path, where, what, error.text);
}

/* Reads all that a file claims to hold: under a sanitizer, out of bounds
 * reads show. */
static inline double touch(const cg_file *file)
{
    double sum = 0.0;
    for (size_t i = 0; i < file->array_count; i++) {
        const cg_array *array = &file->arrays[i];
        assert_ptr_equal(cg_find(file, array->name), array);
        for (uint64_t k = 0; k < array->elements; k++) {
            sum += cg_element(array, k);
        }
    }
    for (size_t i = 0; i < file->metadata_count; i++) {
        sum += (double)strlen(file->metadata[i].key) +
               (double)strlen(file->metadata[i].value);
    }
    return sum;
}

#endif
