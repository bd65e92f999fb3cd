/* SPDX-License-Identifier: MIT
 *
 * dataset.c - fuzz target of data sets: zip archives, CIFAR's batches, idx.
 *
 * An input is one of 'b' (a batch), 'r' (a file as it is) and others (a file
 * whose zip checksums are made right), then the file. */
#define _DEFAULT_SOURCE /* mkstemps */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/files/dataset.h"
#include "tests/fuzz/zip_repair.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Small squares, so that images of any size cost little memory. */
#define RESOLUTION 8u

/* Every byte is really there. */
static void check_pixels(const host_dataset *d)
{
    uint64_t bytes = d->count * d->size * d->size * d->channels;
    volatile uint8_t sum = 0;

    if (d->count == 0 || d->size != RESOLUTION || d->channels < 1 ||
        d->channels > 4) {
        abort();
    }
    for (uint64_t i = 0; i < bytes; i++) {
        sum = (uint8_t)(sum + d->pixels[i]);
    }
}

static void check_file(const char *path)
{
    host_failure f = HOST_FAILURE_UNSAID;
    host_dataset d;

    if (host_dataset_open(&d, path, RESOLUTION, &f)) {
        check_pixels(&d);
    } else if (d.pixels != NULL || f.text[0] == '\0') {
        abort();
    }
    host_dataset_close(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char path[] = "/tmp/fuzz.XXXXXX.bin";
    uint8_t *copy = malloc(size > 0 ? size : 1);
    int suffix = size > 0 && bytes[0] == 'b' ? 4 : 0, descriptor;
    FILE *out;

    if (copy == NULL) {
        abort();
    }
    if (size == 0) {
        free(copy);
        return 0;
    }
    memcpy(copy, bytes + 1, --size);
    if (bytes[0] != 'r') {
        zip_repair(copy, size);
    }
    path[strlen(path) - 4 + (size_t)suffix] = '\0';
    descriptor = mkstemps(path, suffix);
    out = descriptor < 0 ? NULL : fdopen(descriptor, "wb");
    if (out == NULL || fwrite(copy, 1, size, out) != size ||
        fclose(out) != 0) {
        abort();
    }
    check_file(path);
    (void)unlink(path);
    free(copy);
    return 0;
}
