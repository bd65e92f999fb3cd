/* SPDX-License-Identifier: MIT
 *
 * png_file.c - PNG files that carry the recipe of their images.
 *
 * stb_image_write filters the pixels, zlib compresses them; the text chunk
 * is put in behind the IHDR, where every reader expects one. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* stb_image_write's own compressor ends the program when out of memory. */
static unsigned char *compress_zlib(const unsigned char *bytes, int size,
                                    int *compressed, int level)
{
    uLong length = compressBound((uLong)size);
    unsigned char *out = malloc(length);
    if (out == NULL ||
        compress2(out, &length, bytes, (uLong)size, level) != Z_OK) {
        free(out);
        return NULL;
    }
    *compressed = (int)length;
    return out;
}

#define STBIW_ZLIB_COMPRESS compress_zlib
#define STBI_WRITE_NO_STDIO
#define STB_IMAGE_WRITE_IMPLEMENTATION
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wframe-larger-than=" /* its JPEG writer */
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

#include "host/files/png_file.h"

/* Signature (8) and IHDR: length, type, 13 bytes, CRC. */
#define HEADER_BYTES (8u + 4u + 4u + 13u + 4u)
#define CHUNK_OVERHEAD 12u

/* iTXt: keyword 0, compression flag 0, method 0, language 0, translated
 * keyword 0, text. */
static const char itxt_prefix[] = HOST_PNG_KEYWORD "\0\0\0\0";

bool host_png_file_fits(uint64_t width, uint64_t height, uint32_t channels)
{
    /* stb counts bytes of the filtered image in int, and its compressor
     * may need a little more than that. */
    uint64_t limit = INT_MAX / 2;
    return width > 0 && height > 0 && width < limit && height < limit &&
           channels >= 1 && channels <= 4 &&
           (width * channels + 1) <= limit / height;
}

static void store_be32(unsigned char *p, uint32_t value)
{
    p[0] = (unsigned char)(value >> 24);
    p[1] = (unsigned char)(value >> 16);
    p[2] = (unsigned char)(value >> 8);
    p[3] = (unsigned char)value;
}

static size_t write_itxt(unsigned char *p, const char *text)
{
    size_t prefix = sizeof itxt_prefix;
    size_t body = prefix + strlen(text);
    store_be32(p, (uint32_t)body);
    memcpy(p + 4, "iTXt", 4);
    memcpy(p + 8, itxt_prefix, prefix);
    memcpy(p + 8 + prefix, text, strlen(text));
    uLong crc = crc32(0, p + 4, (uInt)(4 + body));
    store_be32(p + 8 + body, (uint32_t)crc);
    return body + CHUNK_OVERHEAD;
}

unsigned char *host_png_file_encode(const uint8_t *pixels, uint32_t width,
                                    uint32_t height, uint32_t channels,
                                    const char *text, size_t *size,
                                    host_failure *f)
{
    if (!host_png_file_fits(width, height, channels)) {
        host_fail(f, "an image of %u x %u pixels is too large for a PNG",
                  width, height);
        return NULL;
    }
    int length = 0;
    unsigned char *plain =
        stbi_write_png_to_mem(pixels, (int)(width * channels), (int)width,
                              (int)height, (int)channels, &length);
    size_t text_bytes = text != NULL ? strlen(text) : 0;
    unsigned char *png = NULL;
    if (plain != NULL && text_bytes < INT_MAX / 2) {
        png = malloc((size_t)length + text_bytes + sizeof itxt_prefix +
                     CHUNK_OVERHEAD);
    }
    if (png == NULL) {
        STBIW_FREE(plain);
        host_fail(f, "out of memory for an image of %u x %u pixels", width,
                  height);
        return NULL;
    }
    memcpy(png, plain, HEADER_BYTES);
    size_t used = HEADER_BYTES;
    if (text != NULL) {
        used += write_itxt(png + HEADER_BYTES, text);
    }
    memcpy(png + used, plain + HEADER_BYTES, (size_t)length - HEADER_BYTES);
    STBIW_FREE(plain);
    *size = used + (size_t)length - HEADER_BYTES;
    return png;
}

bool host_png_grid_make(host_png_grid *grid, uint32_t size, uint32_t channels,
                        uint64_t columns, uint64_t rows, host_failure *f)
{
    *grid = (host_png_grid){NULL, size, channels, 0, 0};
    uint64_t most = INT_MAX / size;
    bool fits = columns <= most && rows <= most &&
                host_png_file_fits(columns * size, rows * size, channels);
    if (!fits) {
        return host_fail(
            f,
            "a grid of %llu x %llu images is too large for one PNG; "
            "use --grid none --out DIR",
            (unsigned long long)columns, (unsigned long long)rows);
    }
    grid->columns = (uint32_t)columns;
    grid->rows = (uint32_t)rows;
    grid->pixels =
        calloc((size_t)(columns * size * channels), (size_t)(rows * size));
    return grid->pixels != NULL ||
           host_fail(f, "out of memory for a grid of %u x %u images",
                     grid->columns, grid->rows);
}

void host_png_grid_set(host_png_grid *grid, uint64_t cell,
                       const uint8_t *image)
{
    size_t row_bytes = (size_t)grid->size * grid->channels;
    size_t stride = row_bytes * grid->columns;
    size_t x = (size_t)(cell % grid->columns);
    size_t y = (size_t)(cell / grid->columns);
    uint8_t *to = grid->pixels + y * grid->size * stride + x * row_bytes;
    for (uint32_t i = 0; i < grid->size; i++) {
        memcpy(to + i * stride, image + i * row_bytes, row_bytes);
    }
}

void host_png_grid_free(host_png_grid *grid)
{
    free(grid->pixels);
    grid->pixels = NULL;
}
