/* SPDX-License-Identifier: MIT
 *
 * dataset.c - images of one size from whatever a file holds. */
#include "host/files/dataset.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_NO_STDIO
#define STBI_NO_FAILURE_STRINGS
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wcast-qual"
#pragma GCC diagnostic ignored "-Wcast-align"
#pragma GCC diagnostic ignored "-Wswitch-enum"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wdouble-promotion"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wnull-dereference"
#pragma GCC diagnostic ignored "-Wredundant-decls"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#include <stb/stb_image.h>
#pragma GCC diagnostic pop

#define PI 3.14159265358979323846

/* Lobes of the resizing filter. */
#define LOBES 3.0

static bool grow(host_dataset *d, host_failure *f)
{
    uint64_t bytes = (uint64_t)d->size * d->size * d->channels;
    uint64_t room = d->count + 1;
    uint8_t *more;

    if ((d->count & (d->count - 1)) != 0) {
        return true; /* room is a power of two */
    }
    room = d->count == 0 ? 1 : 2 * d->count;
    more = realloc(d->pixels, room * bytes);
    if (more == NULL) {
        return host_fail(f, "out of memory for %llu images",
                         (unsigned long long)room);
    }
    d->pixels = more;
    return true;
}

/* ---- resizing ----------------------------------------------------------- */

static double lanczos(double x)
{
    x = fabs(x) * PI;
    if (x < 1e-9) {
        return 1.0;
    }
    return x >= LOBES * PI ? 0.0 : sin(x) / x * sin(x / LOBES) / (x / LOBES);
}

/* One line of `from` samples, `step` apart, to `to` samples. */
static void resize_line(float *dst, size_t dst_step, uint32_t to,
                        const float *src, size_t step, uint32_t from)
{
    double scale = (double)from / (double)to;
    double width = scale > 1.0 ? scale : 1.0; /* of the filter, down only */

    for (uint32_t o = 0; o < to; o++) {
        double centre = ((double)o + 0.5) * scale, sum = 0.0, total = 0.0;
        double low = floor(centre - LOBES * width);
        double high = ceil(centre + LOBES * width);

        for (double i = low < 0.0 ? 0.0 : low; i < high && i < (double)from;
             i += 1.0) {
            double w = lanczos((i + 0.5 - centre) / width);

            sum += w * (double)src[(size_t)i * step];
            total += w;
        }
        dst[o * dst_step] = (float)(sum / total);
    }
}

/* A square of `from` pixels with rows `stride` bytes apart. */
static bool resize(uint8_t *dst, uint32_t to, const uint8_t *src,
                   uint32_t from, size_t stride, uint32_t channels)
{
    size_t row = (size_t)from * channels, dst_row = (size_t)to * channels;
    float *in = malloc(from * row * sizeof *in);
    float *wide = malloc(from * dst_row * sizeof *wide);
    float *out = malloc(to * dst_row * sizeof *out);
    bool good = in != NULL && wide != NULL && out != NULL;

    for (size_t y = 0; good && y < from; y++) {
        for (size_t i = 0; i < row; i++) {
            in[y * row + i] = (float)src[y * stride + i];
        }
        for (size_t c = 0; c < channels; c++) {
            resize_line(wide + y * dst_row + c, channels, to,
                        in + y * row + c, channels, from);
        }
    }
    for (size_t i = 0; good && i < dst_row; i++) {
        resize_line(out + i, dst_row, to, wide + i, dst_row, from);
    }
    for (size_t i = 0; good && i < to * dst_row; i++) {
        float v = floorf(out[i] + 0.5f);

        dst[i] = (uint8_t)(v < 0.0f ? 0.0f : v > 255.0f ? 255.0f : v);
    }
    free(in);
    free(wide);
    free(out);
    return good;
}

/* Centred on black. */
static void pad(uint8_t *dst, uint32_t size, const uint8_t *src,
                uint32_t height, uint32_t width, uint32_t channels)
{
    size_t row = (size_t)size * channels;
    size_t top = (size - height) / 2, left = (size - width) / 2;

    memset(dst, 0, size * row);
    for (size_t y = 0; y < height; y++) {
        memcpy(dst + (top + y) * row + left * channels,
               src + y * width * channels, (size_t)width * channels);
    }
}

static bool check_first(host_dataset *d, uint32_t resolution,
                        const char *where, uint32_t height, uint32_t width,
                        uint32_t channels, host_failure *f)
{
    uint32_t size = resolution != 0 ? resolution : height;

    if (resolution == 0 && (height != width || (size & (size - 1)) != 0)) {
        return host_fail(f,
                         "%s: wanted square images of a power of two, got "
                         "%ux%u; give --resolution",
                         where, width, height);
    }
    d->size = size;
    d->channels = channels;
    return true;
}

bool host_dataset_add(host_dataset *d, uint32_t resolution, const char *where,
                      const uint8_t *pixels, uint32_t height, uint32_t width,
                      uint32_t channels, host_failure *f)
{
    uint32_t square = height < width ? height : width;
    uint64_t bytes;
    uint8_t *dst;

    if (d->count == 0 &&
        !check_first(d, resolution, where, height, width, channels, f)) {
        return false;
    }
    if (channels != d->channels) {
        return host_fail(f,
                         "%s: wanted %u channels as in the first image, got "
                         "%u",
                         where, d->channels, channels);
    }
    if (resolution == 0 && (height != d->size || width != d->size)) {
        return host_fail(f,
                         "%s: wanted %ux%u pixels as in the first image, got "
                         "%ux%u; give --resolution",
                         where, d->size, d->size, width, height);
    }
    if (!grow(d, f)) {
        return false;
    }
    bytes = (uint64_t)d->size * d->size * channels;
    dst = d->pixels + d->count++ * bytes;
    if (height <= d->size && width <= d->size) {
        pad(dst, d->size, pixels, height, width, channels);
        return true;
    }
    pixels +=
        ((size_t)((height - square) / 2) * width + (width - square) / 2) *
        channels;
    return resize(dst, d->size, pixels, square, (size_t)width * channels,
                  channels) ||
           host_fail(f, "out of memory");
}

bool host_dataset_add_file(host_dataset *d, uint32_t resolution,
                           const char *where, const unsigned char *bytes,
                           uint64_t size, host_failure *f)
{
    int width, height, channels;
    uint8_t *pixels;
    bool good;

    errno = 0;
    pixels = size > INT32_MAX
                 ? NULL
                 : stbi_load_from_memory(bytes, (int)size, &width, &height,
                                         &channels, 0);
    if (pixels == NULL && errno == ENOMEM) {
        return host_fail(f, "%s: out of memory", where);
    }
    if (pixels == NULL) {
        return host_fail(f,
                         "%s: not a PNG or JPEG image that can be read; "
                         "replace or remove it",
                         where);
    }
    if (channels != 1 && channels != 3) {
        stbi_image_free(pixels);
        return host_fail(f, "%s: wanted grey or RGB, got %d channels", where,
                         channels);
    }
    good = host_dataset_add(d, resolution, where, pixels, (uint32_t)height,
                            (uint32_t)width, (uint32_t)channels, f);
    stbi_image_free(pixels);
    return good;
}

/* ---- finding the format ------------------------------------------------- */

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);

    return n >= m && strcasecmp(name + n - m, end) == 0;
}

bool host_dataset_is_image_name(const char *name)
{
    return ends_with(name, ".png") || ends_with(name, ".jpg") ||
           ends_with(name, ".jpeg");
}

static bool read_any(host_dataset *d, const char *path, uint32_t resolution,
                     host_failure *f)
{
    unsigned char magic[4] = {0};
    struct stat st;
    FILE *file;

    if (stat(path, &st) != 0) {
        return host_fail(f, "%s: cannot be opened: %s", path,
                         strerror(errno));
    }
    if (S_ISDIR(st.st_mode)) {
        return host_dataset_read_folder(d, path, resolution, f);
    }
    errno = 0;
    file = fopen(path, "rb");
    if (file == NULL || fread(magic, 1, sizeof magic, file) < 4) {
        (void)host_fail(f, "%s: cannot be read: %s", path,
                        errno != 0 ? strerror(errno) : "it is too short");
        if (file != NULL) {
            (void)fclose(file);
        }
        return false;
    }
    (void)fclose(file);
    if (memcmp(magic, "PK", 2) == 0) {
        return host_dataset_read_zip(d, path, resolution, f);
    }
    if (ends_with(path, ".bin")) {
        return host_dataset_read_cifar(d, path, resolution, f);
    }
    return host_dataset_read_idx(d, path, resolution, f);
}

bool host_dataset_open(host_dataset *d, const char *path, uint32_t resolution,
                       host_failure *f)
{
    *d = (host_dataset){0};
    if (!read_any(d, path, resolution, f)) {
        host_dataset_close(d);
        return false;
    }
    if (d->count == 0) {
        return host_fail(f, "%s: no images in it", path);
    }
    return true;
}

void host_dataset_close(host_dataset *d)
{
    free(d->pixels);
    *d = (host_dataset){0};
}
