/* SPDX-License-Identifier: MIT
 *
 * image.c - images of foreign files: which format, how large, which way up,
 * and of which kind. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "host/files/image.h"
#include "host/files/image_reader.h"

/* ---- which way up ------------------------------------------------------ */

/* Steps in the stored image from pixel (0, 0) of the upright one. */
typedef struct turn {
    bool from_right, from_bottom; /* where (0, 0) is stored */
    bool turned;                  /* a row is stored as a column */
} turn;

/* Indexed by EXIF's orientation. */
static const turn turns[9] = {
    {false, false, false}, {false, false, false}, {true, false, false},
    {true, true, false},   {false, true, false},  {false, false, true},
    {false, true, true},   {true, true, true},    {true, false, true},
};

static void copy_turned(uint8_t *dst, const host_image *image, turn t)
{
    ptrdiff_t channels = image->channels, row = image->width * channels;
    ptrdiff_t right = t.from_right ? -channels : channels;
    ptrdiff_t down = t.from_bottom ? -row : row;
    uint32_t height = t.turned ? image->width : image->height;
    uint32_t width = t.turned ? image->height : image->width;
    const uint8_t *first = image->pixels +
                           (t.from_right ? row - channels : 0) +
                           (t.from_bottom ? (image->height - 1) * row : 0);

    for (uint32_t y = 0; y < height; y++) {
        const uint8_t *src = first + y * (t.turned ? right : down);

        for (uint32_t x = 0; x < width; x++) {
            memcpy(dst, src, (size_t)channels);
            dst += channels;
            src += t.turned ? down : right;
        }
    }
}

static bool apply_orientation(host_image *image, unsigned orientation,
                              const char *where, host_failure *f)
{
    turn t = turns[orientation];
    uint32_t height = image->height;
    uint8_t *pixels;

    if (orientation <= 1) {
        return true;
    }
    pixels = malloc((size_t)height * image->width * image->channels);
    if (pixels == NULL) {
        return host_fail(f, "%s: out of memory to turn it upright", where);
    }
    copy_turned(pixels, image, t);
    free(image->pixels);
    image->pixels = pixels;
    if (t.turned) {
        image->height = image->width;
        image->width = height;
    }
    return true;
}

/* ---- formats ----------------------------------------------------------- */

typedef struct format {
    const char *magic;
    size_t at, size; /* of the magic */
    bool (*read)(host_image_reader *r);
} format;

static const format formats[] = {
    {"\x89PNG\r\n\x1a\n", 0, 8, host_image_read_png},
    {"\xff\xd8\xff", 0, 3, host_image_read_jpeg},
    {"WEBP", 8, 4, host_image_read_webp},
    {"GIF87a", 0, 6, host_image_read_gif},
    {"GIF89a", 0, 6, host_image_read_gif},
    {"BM", 0, 2, host_image_read_bmp},
};

static bool read_any(host_image_reader *r)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        const format *k = &formats[i];

        if (r->size >= k->at + k->size &&
            memcmp(r->bytes + k->at, k->magic, k->size) == 0) {
            return k->read(r);
        }
    }
    return host_fail(r->f,
                     "%s: not an image that can be read; wanted PNG, JPEG, "
                     "WebP, BMP or GIF; replace or remove it",
                     r->where);
}

static bool read_image(host_image_reader *r)
{
    *r->image = (host_image){0};
    if (read_any(r) &&
        (r->measure ||
         apply_orientation(r->image, r->orientation, r->where, r->f))) {
        return true;
    }
    host_image_free(r->image);
    return false;
}

bool host_image_decode(host_image *image, const unsigned char *bytes,
                       size_t size, const char *where, host_failure *f)
{
    host_image_reader r = {bytes, size, where, false, image, 1, f};

    return read_image(&r);
}

bool host_image_measure(host_image *image, const unsigned char *bytes,
                        size_t size, const char *where, host_failure *f)
{
    host_image_reader r = {bytes, size, where, true, image, 1, f};

    return read_image(&r);
}

void host_image_free(host_image *image)
{
    free(image->pixels);
    *image = (host_image){0};
}

bool host_image_is_name(const char *name)
{
    static const char *const ends[] = {"png",  "jpg", "jpeg",
                                       "webp", "bmp", "gif"};
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot != NULL && i < sizeof ends / sizeof *ends; i++) {
        if (strcasecmp(dot + 1, ends[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- kinds ------------------------------------------------------------- */

/* Pillow's L: ITU-R 601 in 16 bits. */
static uint8_t luma(const uint8_t rgb[3])
{
    uint32_t sum = 19595u * rgb[0] + 38470u * rgb[1] + 7471u * rgb[2];

    return (uint8_t)((sum + 0x8000u) >> 16);
}

static void convert_pixel(uint8_t *dst, uint32_t to, const uint8_t *src,
                          uint32_t from)
{
    uint8_t rgba[4] = {src[0], src[0], src[0], 255};

    if (from >= 3) {
        memcpy(rgba, src, 3);
    }
    if (from % 2 == 0) {
        rgba[3] = src[from - 1];
    }
    if (to >= 3) {
        memcpy(dst, rgba, 3);
    } else {
        dst[0] = from >= 3 ? luma(rgba) : rgba[0];
    }
    if (to % 2 == 0) {
        dst[to - 1] = rgba[3];
    }
}

bool host_image_convert(host_image *image, uint32_t channels, host_failure *f)
{
    size_t count = (size_t)image->height * image->width;
    uint8_t *pixels;

    if (channels == image->channels) {
        return true;
    }
    pixels = malloc(count * channels);
    if (pixels == NULL) {
        return host_fail(f, "out of memory for %u x %u pixels", image->width,
                         image->height);
    }
    for (size_t i = 0; i < count; i++) {
        convert_pixel(pixels + i * channels, channels,
                      image->pixels + i * image->channels, image->channels);
    }
    free(image->pixels);
    image->pixels = pixels;
    image->channels = channels;
    return true;
}
