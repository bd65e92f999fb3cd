/* SPDX-License-Identifier: MIT
 *
 * dataset_raw.c - files of plain pixels: CIFAR's binary batches, idx. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "host/files/dataset.h"
#include "host/files/output.h"

#define CIFAR_SIZE 32u
#define CIFAR_PIXELS (CIFAR_SIZE * CIFAR_SIZE)
#define CIFAR_LIMIT ((size_t)1 << 30)

/* Bytes of labels before each image: 1 for CIFAR-10, 2 for CIFAR-100; 0 if
 * the size is none of theirs.  No file of theirs fits both. */
static size_t cifar_labels(size_t size)
{
    for (size_t labels = 1; labels <= 2; labels++) {
        if (size > 0 && size % (labels + 3 * CIFAR_PIXELS) == 0) {
            return labels;
        }
    }
    return 0;
}

bool host_dataset_read_cifar(host_dataset *d, const char *path,
                             uint32_t resolution, host_failure *f)
{
    uint8_t image[3 * CIFAR_PIXELS];
    size_t size, labels;
    unsigned char *bytes = host_input_file(path, CIFAR_LIMIT, &size, f);
    bool good = bytes != NULL;

    labels = good ? cifar_labels(size) : 0;
    if (good && labels == 0) {
        good = host_fail(f,
                         "%s: not a batch of CIFAR; wanted a multiple of "
                         "3073 or 3074 bytes, got %zu",
                         path, size);
    }
    for (size_t at = labels; good && at < size; at += labels + sizeof image) {
        for (size_t p = 0; p < CIFAR_PIXELS; p++) {
            for (size_t c = 0; c < 3; c++) {
                image[3 * p + c] = bytes[at + c * CIFAR_PIXELS + p];
            }
        }
        good = host_dataset_add(d, resolution, path, image, CIFAR_SIZE,
                                CIFAR_SIZE, 3, f);
    }
    free(bytes);
    return good;
}

/* ---- idx ---------------------------------------------------------------- */

#define IDX_UBYTE_IMAGES 0x00000803u

/* `what` is said if the file ends before. */
static bool read_exactly(gzFile file, void *bytes, unsigned size,
                         const char *path, const char *what, host_failure *f)
{
    int got = gzread(file, bytes, size), code = Z_OK;

    if (got < 0) {
        return host_fail(f, "%s: cannot be read: %s", path,
                         gzerror(file, &code));
    }
    return got == (int)size || host_fail(f, "%s: %s", path, what);
}

static uint32_t be32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

static bool read_images(host_dataset *d, gzFile file, const char *path,
                        uint32_t resolution, host_failure *f)
{
    static const char not_idx[] =
        "not a dataset; wanted an EDM zip or folder, CIFAR's .bin files, or "
        "idx images of bytes";
    unsigned char header[16];
    uint32_t count, height, width;
    uint8_t *image;
    bool good = true;

    if (!read_exactly(file, header, sizeof header, path, not_idx, f)) {
        return false;
    }
    if (be32(header) != IDX_UBYTE_IMAGES) {
        return host_fail(f, "%s: %s", path, not_idx);
    }
    count = be32(header + 4);
    height = be32(header + 8);
    width = be32(header + 12);
    if (height == 0 || width == 0 || height > 4096 || width > 4096) {
        return host_fail(f, "%s: images of %ux%u pixels; wanted at most 4096",
                         path, width, height);
    }
    image = malloc((size_t)height * width);
    if (image == NULL) {
        return host_fail(f, "%s: out of memory", path);
    }
    for (uint32_t i = 0; good && i < count; i++) {
        char end[64];

        (void)snprintf(end, sizeof end,
                       "ends in image %u of %u; get the "
                       "file again",
                       i, count);
        good =
            read_exactly(file, image, height * width, path, end, f) &&
            host_dataset_add(d, resolution, path, image, height, width, 1, f);
    }
    free(image);
    return good;
}

bool host_dataset_read_idx(host_dataset *d, const char *path,
                           uint32_t resolution, host_failure *f)
{
    gzFile file = gzopen(path, "rb");
    bool good;

    if (file == NULL) {
        return host_fail(f, "%s: cannot be opened: %s", path,
                         strerror(errno));
    }
    good = read_images(d, file, path, resolution, f);
    (void)gzclose(file);
    return good;
}
