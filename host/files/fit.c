/* SPDX-License-Identifier: MIT
 *
 * fit.c - images made square, as data-set tools make them. */
#include <stdlib.h>
#include <string.h>

#include "host/files/fit.h"

/* Makes the weights of a shape, unless they are those of the last image. */
static bool prepare(host_resizer *r, const cedm_resize_shape *shape)
{
    uint64_t bytes = cedm_resize_u8_bytes(shape, 1);

    if (r->scratch != NULL &&
        memcmp(&r->resize.shape, shape, sizeof *shape) == 0) {
        return true;
    }
    if (r->bytes < bytes) {
        free(r->scratch);
        r->scratch = malloc((size_t)bytes);
        r->bytes = r->scratch != NULL ? bytes : 0;
    }
    if (r->scratch == NULL) {
        return false;
    }
    cedm_resize_u8_init(&r->resize, shape, r->scratch, 1);
    return true;
}

/* A part of the image that begins at `src`. */
static bool resize_part(host_resizer *r, uint8_t *dst, const uint8_t *src,
                        size_t stride, const cedm_resize_shape *shape)
{
    if (!prepare(r, shape)) {
        return false;
    }
    cedm_resize_u8(&r->resize, dst, src, stride, NULL, NULL);
    return true;
}

/* a * b / c, rounded, at least 1. */
static uint32_t scaled(uint32_t a, uint32_t b, uint32_t c)
{
    uint64_t value = ((uint64_t)a * b + c / 2u) / c;

    return value < 1 ? 1 : (uint32_t)value;
}

static bool pad(host_resizer *r, uint8_t *dst, uint32_t size,
                const host_image *image)
{
    size_t channels = image->channels, row = size * channels;
    uint32_t longer =
        image->height > image->width ? image->height : image->width;
    uint32_t height =
        longer > size ? scaled(image->height, size, longer) : image->height;
    uint32_t width =
        longer > size ? scaled(image->width, size, longer) : image->width;
    cedm_resize_shape shape = {
        CEDM_RESIZE_LANCZOS, image->channels, image->height,
        image->width,        height,          width};
    size_t top = (size - height) / 2u, part = width * channels;
    uint8_t *whole = malloc(height * part);

    if (whole == NULL || !resize_part(r, whole, image->pixels,
                                      image->width * channels, &shape)) {
        free(whole);
        return false;
    }
    memset(dst, 0, size * row);
    for (size_t y = 0; y < height; y++) {
        memcpy(dst + (top + y) * row + (size - width) / 2u * channels,
               whole + y * part, part);
    }
    free(whole);
    return true;
}

static bool crop(host_resizer *r, uint8_t *dst, uint32_t size,
                 const host_image *image)
{
    uint32_t side =
        image->height < image->width ? image->height : image->width;
    size_t top = (image->height - side) / 2u;
    size_t left = (image->width - side) / 2u;
    size_t stride = (size_t)image->width * image->channels;
    cedm_resize_shape shape = {
        CEDM_RESIZE_LANCZOS, image->channels, side, side, size, size};

    return resize_part(r, dst,
                       image->pixels + top * stride + left * image->channels,
                       stride, &shape);
}

static bool is_inside(const host_image *image, uint32_t size)
{
    return image->height <= size && image->width <= size;
}

void host_fit_count(const host_image *image, uint32_t size, host_fit fit,
                    host_fit_counts *c)
{
    bool inside = is_inside(image, size);
    bool equal = image->width == size && image->height == size;
    bool smaller = image->width < size || image->height < size;
    bool whole = fit == HOST_FIT_PAD || (fit == HOST_FIT_BORDER && inside);

    c->bordered += whole && (image->width != image->height || smaller);
    c->resized += !equal && !(whole && inside);
    c->enlarged += !whole && smaller;
}

bool host_resize_square(host_resizer *r, uint8_t *dst, uint32_t size,
                        const host_image *image, host_fit fit,
                        const char *where, host_failure *f)
{
    cedm_resize_shape shape = {CEDM_RESIZE_LANCZOS,
                               image->channels,
                               image->height,
                               image->width,
                               size,
                               size};
    bool good;

    if (fit == HOST_FIT_BORDER) {
        fit = is_inside(image, size) ? HOST_FIT_PAD : HOST_FIT_CROP;
    }
    switch (fit) {
    case HOST_FIT_CROP: good = crop(r, dst, size, image); break;
    case HOST_FIT_PAD: good = pad(r, dst, size, image); break;
    case HOST_FIT_STRETCH:
    case HOST_FIT_BORDER:
    default:
        good = resize_part(r, dst, image->pixels,
                           (size_t)image->width * image->channels, &shape);
    }
    return good || host_fail(f, "%s: out of memory to resize it", where);
}

void host_resizer_free(host_resizer *r)
{
    free(r->scratch);
    *r = (host_resizer){0};
}
