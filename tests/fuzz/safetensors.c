/* SPDX-License-Identifier: MIT
 *
 * safetensors.c - fuzz target of the safetensors reader:
 *
 *     clang -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude -Icodegen \
 *         -D_POSIX_C_SOURCE=200809L tests/fuzz/safetensors.c \
 *         codegen/read/[a-z]*.c codegen/error.c -lmd -lm -o fuzz
 *     ./fuzz tests/fuzz/safetensors
 *
 * Whatever the bytes, cg_open gives a message or a file whose arrays lie in
 * it and share no byte.  An input that begins with '{' gets the length of
 * its header in front, so that mutations reach the grammar: the header is
 * all but the last DATA bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codegen.h"

#define DATA 12u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void put(FILE *file, const uint8_t *bytes, size_t size)
{
    if (size > 0 && bytes[0] == '{') {
        uint64_t length = size > DATA ? size - DATA : size;
        for (unsigned i = 0; i < 8; i++) {
            (void)fputc((int)((length >> (8 * i)) & 255u), file);
        }
    }
    if (fwrite(bytes, 1, size, file) != size) {
        abort();
    }
}

static void check_file(const cg_file *file)
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

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char path[] = "/tmp/fuzz.XXXXXX";
    int descriptor = mkstemp(path);
    FILE *out = descriptor < 0 ? NULL : fdopen(descriptor, "wb");
    if (out == NULL) {
        abort();
    }
    put(out, bytes, size);
    (void)fclose(out);
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
    return 0;
}
