/* SPDX-License-Identifier: MIT
 *
 * dataset_raw.c - files of plain pixels: CIFAR's binary batches, idx. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "host/files/dataset.h"

#define CIFAR_SIZE 32u
#define CIFAR_PIXELS (CIFAR_SIZE * CIFAR_SIZE)

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

bool host_dataset_add_cifar(host_dataset_load *l, const char *where,
                            const unsigned char *bytes, size_t size,
                            host_failure *f)
{
    uint8_t pixels[3 * CIFAR_PIXELS];
    host_image image = {pixels, CIFAR_SIZE, CIFAR_SIZE, 3};
    size_t labels = cifar_labels(size);
    bool good = true;

    if (labels == 0) {
        return host_fail(f,
                         "%s: not a batch of CIFAR; wanted a multiple of "
                         "3073 or 3074 bytes, got %zu",
                         where, size);
    }
    for (size_t at = labels; good && at < size;
         at += labels + sizeof pixels) {
        for (size_t p = 0; p < CIFAR_PIXELS; p++) {
            for (size_t c = 0; c < 3; c++) {
                pixels[3 * p + c] = bytes[at + c * CIFAR_PIXELS + p];
            }
        }
        good = host_dataset_add(l, where, &image, f);
    }
    return good;
}

/* ---- idx --------------------------------------------------------------- */

#define IDX_UBYTE_IMAGES 0x00000803u
#define IDX_MOST_SIDE 4096u

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

static bool read_header(gzFile file, const char *path, uint32_t *count,
                        host_image *image, host_failure *f)
{
    static const char not_idx[] =
        "not a dataset; wanted images in a zip file or folder, CIFAR's .bin "
        "files, or idx images of bytes";
    unsigned char header[16];

    if (!read_exactly(file, header, sizeof header, path, not_idx, f)) {
        return false;
    }
    if (be32(header) != IDX_UBYTE_IMAGES) {
        return host_fail(f, "%s: %s", path, not_idx);
    }
    *count = be32(header + 4);
    *image = (host_image){NULL, be32(header + 8), be32(header + 12), 1};
    return (image->height >= 1 && image->width >= 1 &&
            image->height <= IDX_MOST_SIDE &&
            image->width <= IDX_MOST_SIDE) ||
           host_fail(f, "%s: images of %ux%u pixels; wanted 1 to %u a side",
                     path, image->width, image->height, IDX_MOST_SIDE);
}

/* The end must be there: only behind it are gzip's checksums compared. */
static bool check_end(gzFile file, const char *path, uint32_t count,
                      host_failure *f)
{
    unsigned char more;
    int got = gzread(file, &more, 1), code = Z_OK;

    if (got < 0) {
        return host_fail(f, "%s: cannot be read: %s", path,
                         gzerror(file, &code));
    }
    return got == 0 || host_fail(f,
                                 "%s: bytes follow its %u images; wanted "
                                 "none; get the file again",
                                 path, count);
}

static bool read_images(host_dataset_load *l, gzFile file, const char *path,
                        uint32_t count, host_image *image, host_failure *f)
{
    unsigned size = image->height * image->width;
    bool good = true;

    for (uint32_t i = 0; good && i < count; i++) {
        char end[64];

        (void)snprintf(end, sizeof end,
                       "ends in image %u of %u; get the "
                       "file again",
                       i, count);
        good = read_exactly(file, image->pixels, size, path, end, f) &&
               host_dataset_add(l, path, image, f);
    }
    return good && check_end(file, path, count, f);
}

bool host_dataset_read_idx(host_dataset_load *l, host_failure *f)
{
    const char *path = l->source.path;
    gzFile file = gzopen(path, "rb");
    host_image image = {0};
    uint32_t count = 0;
    bool good;

    if (file == NULL) {
        return host_fail(f, "%s: cannot be opened: %s", path,
                         strerror(errno));
    }
    good = read_header(file, path, &count, &image, f);
    if (good) {
        image.pixels = malloc((size_t)image.height * image.width);
        good = image.pixels != NULL
                   ? read_images(l, file, path, count, &image, f)
                   : host_fail(f, "%s: out of memory", path);
    }
    free(image.pixels);
    (void)gzclose(file);
    return good;
}
