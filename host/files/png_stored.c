/* SPDX-License-Identifier: MIT
 *
 * png_stored.c - PNG files whose pixels are not compressed. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "host/files/png_stored.h"

#define SIGNATURE 8u
#define CHUNK 12u /* length, type and CRC around a chunk's data */
#define IHDR 13u

static void store_be32(unsigned char *p, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        p[i] = (unsigned char)(value >> (24 - 8 * i));
    }
}

/* Puts length, type and CRC around data that lies at p + 8; returns the
 * chunk's end. */
static unsigned char *close_chunk(unsigned char *p, const char *type,
                                  uint32_t length)
{
    store_be32(p, length);
    memcpy(p + 4, type, 4);
    store_be32(p + 8 + length, (uint32_t)crc32(0, p + 4, length + 4));
    return p + length + CHUNK;
}

static unsigned char *write_header(unsigned char *p, uint32_t height,
                                   uint32_t width, uint32_t channels)
{
    static const unsigned char colour_types[] = {0, 0, 4, 2, 6};
    const unsigned char kind[] = {8, colour_types[channels], 0, 0, 0};

    memcpy(p, "\x89PNG\r\n\x1a\n", SIGNATURE);
    p += SIGNATURE;
    store_be32(p + 8, width);
    store_be32(p + 12, height);
    memcpy(p + 16, kind, sizeof kind);
    return close_chunk(p, "IHDR", IHDR);
}

/* Rows, each behind a byte 0: they are not filtered. */
static void copy_rows(unsigned char *to, const uint8_t *pixels,
                      uint32_t height, size_t row)
{
    for (size_t y = 0; y < height; y++) {
        to[y * (row + 1)] = 0;
        memcpy(to + y * (row + 1) + 1, pixels + y * row, row);
    }
}

unsigned char *host_png_store(const uint8_t *pixels, uint32_t height,
                              uint32_t width, uint32_t channels, size_t *size,
                              host_failure *f)
{
    size_t row = (size_t)width * channels, raw = (row + 1) * height;
    uLong length = compressBound((uLong)raw);
    unsigned char *png = malloc(SIGNATURE + 3 * CHUNK + IHDR + length);
    unsigned char *rows = malloc(raw), *p;

    if (png == NULL || rows == NULL) {
        free(png);
        free(rows);
        (void)host_fail(f, "out of memory for %u x %u pixels", width, height);
        return NULL;
    }
    copy_rows(rows, pixels, height, row);
    p = write_header(png, height, width, channels);
    if (compress2(p + 8, &length, rows, (uLong)raw, Z_NO_COMPRESSION) !=
        Z_OK) {
        free(png);
        png = NULL;
        (void)host_fail(f, "out of memory for %u x %u pixels", width, height);
    } else {
        p = close_chunk(p, "IDAT", (uint32_t)length);
        p = close_chunk(p, "IEND", 0);
        *size = (size_t)(p - png);
    }
    free(rows);
    return png;
}
