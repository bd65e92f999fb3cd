/* SPDX-License-Identifier: MIT
 *
 * image_reader.c - what the readers of image formats share: limits, memory
 * and messages. */
#include <stdlib.h>

#include "host/files/image_reader.h"

bool host_image_begin(host_image_reader *r, uint64_t height, uint64_t width,
                      uint32_t channels)
{
    host_image *image = r->image;

    if (height < 1 || width < 1 || height > HOST_IMAGE_MOST_SIDE ||
        width > HOST_IMAGE_MOST_SIDE ||
        height * width > HOST_IMAGE_MOST_PIXELS) {
        return host_fail(
            r->f,
            "%s: an image of %llu x %llu pixels; wanted 1 to %u a "
            "side and at most %u in all; make it smaller",
            r->where, (unsigned long long)width, (unsigned long long)height,
            HOST_IMAGE_MOST_SIDE, HOST_IMAGE_MOST_PIXELS);
    }
    image->height = (uint32_t)height;
    image->width = (uint32_t)width;
    image->channels = channels;
    if (r->measure) {
        return true;
    }
    image->pixels = malloc((size_t)(height * width * channels));
    return image->pixels != NULL ||
           host_fail(r->f, "%s: out of memory for %llu x %llu pixels",
                     r->where, (unsigned long long)width,
                     (unsigned long long)height);
}

bool host_image_damaged(host_image_reader *r, const char *format,
                        const char *text)
{
    return host_fail(r->f,
                     "%s: a %s that cannot be read: %s; replace or remove "
                     "it",
                     r->where, format, text);
}

bool host_image_is_ramp(const uint8_t (*palette)[3], uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t grey = i * 255u / (count - 1u);

        if (palette[i][0] != grey || palette[i][1] != grey ||
            palette[i][2] != grey) {
            return false;
        }
    }
    return true;
}
