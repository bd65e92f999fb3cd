/* SPDX-License-Identifier: MIT
 *
 * golden.c - fuzz target of what networks are compared with.
 *
 * An input is a golden file.  It gives a message, or arrays of finite numbers
 * that are taken as maps, integers and numbers of the metadata. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/verify/golden.h"
#include "tests/fuzz/want.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_maps(const cg_file *file, const cg_array *array)
{
    host_failure f = HOST_FAILURE_UNSAID;
    double *maps = host_golden_maps(file, array, &f);
    want(maps != NULL || array->elements == 0);
    for (uint64_t i = 0; maps != NULL && i < array->elements; i++) {
        want(isfinite(maps[i]));
    }
    free(maps);
}

static void check_integers(const cg_file *file, const cg_array *array)
{
    host_failure f = HOST_FAILURE_UNSAID;
    int64_t *values = host_golden_integers(file, array->name, array->elements,
                                           -1, INT32_MAX, &f);
    for (uint64_t i = 0; values != NULL && i < array->elements; i++) {
        want(values[i] >= -1 && values[i] <= INT32_MAX);
    }
    if (values == NULL) {
        want_failure(&f);
    }
    free(values);
}

static void check_file(const char *path)
{
    host_failure f = HOST_FAILURE_UNSAID;
    cg_file *file = host_golden_open(path, &f);
    double number = 0;
    if (file == NULL) {
        want_failure(&f);
        return;
    }
    for (size_t i = 0; i < file->array_count; i++) {
        check_maps(file, &file->arrays[i]);
        if (file->arrays[i].elements > 0) {
            check_integers(file, &file->arrays[i]);
        }
    }
    if (!host_golden_number(file, "sigma", &number, &f)) {
        want_failure(&f);
    }
    cg_close(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char path[] = "/tmp/fuzz.XXXXXX";
    int descriptor = mkstemp(path);
    FILE *out = descriptor < 0 ? NULL : fdopen(descriptor, "wb");
    want(out != NULL && fwrite(bytes, 1, size, out) == size &&
         fclose(out) == 0);
    check_file(path);
    (void)unlink(path);
    return 0;
}
