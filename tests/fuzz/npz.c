/* SPDX-License-Identifier: MIT
 *
 * npz.c - fuzz target of the reader of statistics.
 *
 * A first byte of 'r': the others are the archive.  Otherwise they are its
 * entries, so that mutations get past checksums: the second and third byte
 * are the length of mu.npy, what follows that is sigma.npy; an odd first byte
 * deflates them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>

#include "evaluate/statistics.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void write_bytes(const char *path, const uint8_t *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes, 1, size, file) != size ||
        fclose(file) != 0) {
        abort();
    }
}

static void add_entry(zip_t *zip, const char *name, const uint8_t *bytes,
                      size_t size, bool deflated)
{
    zip_source_t *source = zip_source_buffer(zip, bytes, size, 0);
    zip_int64_t index =
        source == NULL ? -1 : zip_file_add(zip, name, source, 0);
    if (index < 0 || zip_set_file_compression(
                         zip, (zip_uint64_t)index,
                         deflated ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0) != 0) {
        abort();
    }
}

static void write_archive(const char *path, const uint8_t *bytes, size_t size)
{
    int error;
    size_t length = bytes[1] | (size_t)bytes[2] << 8;
    length = length < size - 3 ? length : size - 3;
    zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &error);
    if (zip == NULL) {
        abort();
    }
    add_entry(zip, "mu.npy", bytes + 3, length, bytes[0] % 2 != 0);
    add_entry(zip, "sigma.npy", bytes + 3 + length, size - 3 - length,
              bytes[0] % 2 != 0);
    if (zip_close(zip) != 0) {
        abort();
    }
}

static void check_statistics(const evaluate_statistics *s)
{
    uint64_t width = s->width;
    for (uint64_t i = 0; i < width * width; i++) {
        if (!isfinite(s->mean[i % width]) || !isfinite(s->covariance[i])) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char path[] = "/tmp/fuzz.XXXXXX";
    int descriptor = mkstemp(path);
    if (descriptor < 0 || close(descriptor) != 0) {
        abort();
    }
    if (size > 3 && bytes[0] != 'r') {
        write_archive(path, bytes, size);
    } else {
        write_bytes(path, bytes + (size > 0), size - (size > 0));
    }
    evaluate_statistics s;
    host_failure f = HOST_FAILURE_UNSAID;
    bool good = evaluate_statistics_read(&s, path, &f);
    (void)unlink(path);
    if (good) {
        check_statistics(&s);
    } else if (strncmp(f.text, path, strlen(path)) != 0 || s.mean != NULL ||
               s.covariance != NULL) {
        abort();
    }
    evaluate_statistics_free(&s);
    return 0;
}
