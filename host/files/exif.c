/* SPDX-License-Identifier: MIT
 *
 * exif.c - which way up a photograph is.
 *
 * EXIF is a TIFF file: a byte order, the place of a directory, and in that
 * entries of 12 bytes: tag, type, count, value. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "host/files/exif.h"

#define TAG_ORIENTATION 0x0112u
#define TYPE_SHORT 3u
#define ENTRY 12u

typedef struct tiff {
    const unsigned char *bytes;
    size_t size;
    bool big; /* byte order */
} tiff;

/* A number of `width` bytes; 0 behind the end. */
static uint32_t number_at(const tiff *t, size_t at, size_t width)
{
    uint32_t value = 0;

    if (at > t->size || t->size - at < width) {
        return 0;
    }
    for (size_t i = 0; i < width; i++) {
        size_t k = t->big ? i : width - 1 - i;

        value = value << 8 | t->bytes[at + k];
    }
    return value;
}

unsigned host_exif_orientation(const unsigned char *exif, size_t size)
{
    tiff t = {exif, size, false};
    size_t directory, entries;

    if (size >= 6 && memcmp(exif, "Exif\0\0", 6) == 0) {
        t.bytes += 6;
        t.size -= 6;
    }
    if (t.size < 8 || (memcmp(t.bytes, "II*\0", 4) != 0 &&
                       memcmp(t.bytes, "MM\0*", 4) != 0)) {
        return 1;
    }
    t.big = t.bytes[0] == 'M';
    directory = number_at(&t, 4, 4);
    entries = number_at(&t, directory, 2);
    for (size_t i = 0; i < entries; i++) {
        size_t at = directory + 2 + i * ENTRY;
        uint32_t value = number_at(&t, at + 8, 2);

        if (number_at(&t, at, 2) == TAG_ORIENTATION &&
            number_at(&t, at + 2, 2) == TYPE_SHORT) {
            return value >= 1 && value <= 8 ? value : 1;
        }
    }
    return 1;
}
