/* SPDX-License-Identifier: MIT
 *
 * image.c - fuzz target of the readers of images.
 *
 * An input is a file.  A PNG is read a second time with its CRCs made right,
 * so that mutations get past them. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "host/files/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define SIGNATURE 8u
#define CHUNK 12u

/* Pixels of an image that is decoded here: more cost time and show no new
 * code. */
#define MOST ((uint64_t)1 << 18)

static bool is_too_large(const uint8_t *bytes, size_t size)
{
    host_failure f = HOST_FAILURE_UNSAID;
    host_image head;

    return host_image_measure(&head, bytes, size, "there", &f) &&
           (uint64_t)head.width * head.height > MOST;
}

static void check_measured(const host_image *image, const uint8_t *bytes,
                           size_t size)
{
    host_failure f = HOST_FAILURE_UNSAID;
    host_image head;
    bool good = host_image_measure(&head, bytes, size, "there", &f);

    if (!good || head.pixels != NULL || head.channels != image->channels ||
        (head.width != image->width && head.width != image->height)) {
        abort();
    }
}

/* A message that names the file, or an image within the limits whose every
 * byte is there. */
static void check(const uint8_t *bytes, size_t size)
{
    host_failure f = HOST_FAILURE_UNSAID;
    host_image image;
    uint64_t count;

    if (is_too_large(bytes, size)) {
        return;
    }
    if (!host_image_decode(&image, bytes, size, "there", &f)) {
        if (image.pixels != NULL || memcmp(f.text, "there: ", 7) != 0) {
            abort();
        }
        return;
    }
    count = (uint64_t)image.width * image.height;
    if (count == 0 || count > HOST_IMAGE_MOST_PIXELS || image.channels < 1 ||
        image.channels > 4) {
        abort();
    }
    check_measured(&image, bytes, size);
    for (uint32_t channels = 4; channels >= 1; channels--) {
        if (!host_image_convert(&image, channels, &f)) {
            break;
        }
    }
    host_image_free(&image);
}

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

static void repair_chunks(uint8_t *bytes, size_t size)
{
    for (size_t at = SIGNATURE; size - at >= CHUNK;) {
        size_t length = be32(bytes + at);
        uint32_t crc;

        if (length > size - at - CHUNK) {
            return;
        }
        crc = (uint32_t)crc32(0, bytes + at + 4, (uInt)length + 4);
        at += 8 + length;
        for (int i = 0; i < 4; i++) {
            bytes[at++] = (uint8_t)(crc >> (24 - 8 * i));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    uint8_t *copy;

    check(bytes, size);
    if (size < SIGNATURE || memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) != 0) {
        return 0;
    }
    copy = malloc(size);
    if (copy == NULL) {
        abort();
    }
    memcpy(copy, bytes, size);
    repair_chunks(copy, size);
    check(copy, size);
    free(copy);
    return 0;
}
