/* SPDX-License-Identifier: MIT
 *
 * safetensors.h - what the tests of the safetensors reader share: making
 * files byte by byte and judging refusals. */
#ifndef CEDM_TESTS_SAFETENSORS_H
#define CEDM_TESTS_SAFETENSORS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "codegen.h"

/* One entry of a header. */
#define TENSOR(name, dtype, shape, begin, end)                               \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape                 \
    ",\"data_offsets\":[" #begin "," #end "]}"

static char path[64];

static int make_path(void **state)
{
    (void)state;
    (void)snprintf(path, sizeof path, "/tmp/safetensors_test.XXXXXX");
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

/* length, header, data; the caller frees it */
static unsigned char *make_file(const char *header, size_t length,
                                const void *data, size_t data_size,
                                size_t *size)
{
    *size = 8 + length + data_size;
    unsigned char *bytes = malloc(*size);
    assert_non_null(bytes);
    for (unsigned i = 0; i < 8; i++) {
        bytes[i] = (unsigned char)((uint64_t)length >> (8 * i));
    }
    memcpy(bytes + 8, header, length);
    if (data_size > 0) {
        memcpy(bytes + 8 + length, data, data_size);
    }
    return bytes;
}

/* The message is `path:where: what; wanted X, got Y; what to do`. */
static void check_message(const char *rule, const char *file_name,
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

static void refuse_bytes(const char *rule, const void *bytes, size_t size,
                         const char *where, const char *what)
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
static double touch(const cg_file *file)
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
