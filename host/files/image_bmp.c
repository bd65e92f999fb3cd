/* SPDX-License-Identifier: MIT
 *
 * image_bmp.c - uncompressed BMP files: palettes of 1, 4 and 8 bits, 24 bits,
 * and 32 bits in the order blue, green, red, and alpha or nothing. */
#include <string.h>

#include "host/files/image_reader.h"

#define FILE_HEADER 14u
#define INFO_HEADER 40u /* the least of those with 32-bit sizes */

/* How pixels are stored. */
#define PLAIN 0u
#define BY_MASKS 3u

typedef struct bmp {
    const unsigned char *pixels;
    size_t stride; /* bytes of a row, a multiple of 4 */
    uint32_t width, height, bits;
    bool top_down, alpha;
    uint8_t palette[256][3]; /* RGB */
    uint32_t colours;
    bool grey;
} bmp;

static uint32_t number_at(const host_image_reader *r, size_t at, size_t width)
{
    uint32_t value = 0;

    for (size_t i = 0; i < width; i++) {
        value |= (uint32_t)r->bytes[at + i] << 8 * i;
    }
    return value;
}

static bool refuse(host_image_reader *r, const char *text)
{
    return host_image_damaged(r, "BMP", text);
}

/* Masks follow the 40 bytes that every header begins with. */
static bool read_masks(host_image_reader *r, bmp *b, uint32_t header)
{
    size_t at = FILE_HEADER + INFO_HEADER;

    if (r->size < at + 16 || b->bits != 32 ||
        number_at(r, at, 4) != 0x00ff0000u ||
        number_at(r, at + 4, 4) != 0x0000ff00u ||
        number_at(r, at + 8, 4) != 0x000000ffu) {
        return refuse(r, "its channels lie elsewhere than in BGR; wanted 24 "
                         "or 32 bits");
    }
    b->alpha =
        header > INFO_HEADER + 12u && number_at(r, at + 12, 4) == 0xff000000u;
    return true;
}

static bool read_palette(host_image_reader *r, bmp *b, uint32_t header)
{
    size_t at = FILE_HEADER + header;
    uint32_t colours = number_at(r, FILE_HEADER + 32, 4);

    b->colours = colours != 0 ? colours : 1u << b->bits;
    if (b->colours > 1u << b->bits || at > r->size ||
        r->size - at < 4u * b->colours) {
        return refuse(r, "its palette is too long");
    }
    for (uint32_t i = 0; i < b->colours; i++) {
        for (size_t c = 0; c < 3; c++) {
            b->palette[i][c] = r->bytes[at + 4 * i + 2 - c];
        }
    }
    b->grey = (b->colours == 256 || b->colours == 2) &&
              host_image_is_ramp((const uint8_t(*)[3])b->palette, b->colours);
    return true;
}

static bool read_header(host_image_reader *r, bmp *b)
{
    uint32_t header, how, height;

    if (r->size < FILE_HEADER + INFO_HEADER) {
        return refuse(r, "it ends in its head");
    }
    header = number_at(r, FILE_HEADER, 4);
    b->width = number_at(r, FILE_HEADER + 4, 4);
    height = number_at(r, FILE_HEADER + 8, 4);
    b->top_down = height >> 31 != 0;
    b->height = b->top_down ? 0u - height : height;
    b->bits = number_at(r, FILE_HEADER + 14, 2);
    how = number_at(r, FILE_HEADER + 16, 4);
    if (header < INFO_HEADER || header > 124) {
        return refuse(r, "its head is of another kind; wanted one of Windows "
                         "of 40 to 124 bytes");
    }
    if (how == BY_MASKS) {
        return read_masks(r, b, header);
    }
    if (how != PLAIN) {
        return refuse(r, "it is compressed; wanted plain pixels");
    }
    if (b->bits == 1 || b->bits == 4 || b->bits == 8) {
        return read_palette(r, b, header);
    }
    return b->bits == 24 || b->bits == 32 ||
           refuse(r, "wanted 1, 4, 8, 24 or 32 bits a pixel");
}

/* Rows must lie in the file; what follows them does not matter. */
static bool find_pixels(host_image_reader *r, bmp *b)
{
    size_t at = number_at(r, 10, 4);

    b->stride = ((size_t)b->width * b->bits + 31u) / 32u * 4u;
    b->pixels = r->bytes + (at <= r->size ? at : 0);
    return (at <= r->size && (r->size - at) / b->stride >= b->height) ||
           refuse(r, "it ends too early");
}

static bool palette_row(const bmp *b, uint8_t *to, const unsigned char *row)
{
    size_t channels = b->grey ? 1 : 3;

    for (size_t x = 0; x < b->width; x++) {
        size_t bit = x * b->bits;
        uint32_t shift = 8u - b->bits - (uint32_t)(bit % 8u);
        uint32_t i =
            (uint32_t)row[bit / 8u] >> shift & ((1u << b->bits) - 1u);

        if (i >= b->colours) {
            return false;
        }
        memcpy(to + x * channels, b->palette[i], channels);
    }
    return true;
}

static void colour_row(const bmp *b, uint8_t *to, const unsigned char *row)
{
    size_t bytes = b->bits / 8u, channels = b->alpha ? 4 : 3;

    for (size_t x = 0; x < b->width; x++) {
        for (size_t c = 0; c < 3; c++) {
            to[x * channels + c] = row[x * bytes + 2 - c];
        }
        if (b->alpha) {
            to[x * channels + 3] = row[x * bytes + 3];
        }
    }
}

bool host_image_read_bmp(host_image_reader *r)
{
    bmp b = {0};
    uint32_t channels;

    if (!read_header(r, &b)) {
        return false;
    }
    channels = b.grey ? 1 : b.alpha ? 4 : 3;
    if (!host_image_begin(r, b.height, b.width, channels)) {
        return false;
    }
    if (r->measure) {
        return true;
    }
    if (!find_pixels(r, &b)) {
        return false;
    }
    for (size_t y = 0; y < b.height; y++) {
        size_t row = b.top_down ? y : b.height - 1 - y;
        uint8_t *to = r->image->pixels + y * b.width * channels;

        if (b.colours == 0) {
            colour_row(&b, to, b.pixels + row * b.stride);
        } else if (!palette_row(&b, to, b.pixels + row * b.stride)) {
            return refuse(r, "a pixel has no colour in the palette");
        }
    }
    return true;
}
