/* SPDX-License-Identifier: MIT
 *
 * image_reader.h - what the readers of image formats share. */
#ifndef CEDM_HOST_FILES_IMAGE_READER_H
#define CEDM_HOST_FILES_IMAGE_READER_H

#include "host/files/image.h"

typedef struct host_image_reader {
    const unsigned char *bytes;
    size_t size;
    const char *where;
    bool measure; /* stop when the image's size is known */
    host_image *image;
    unsigned orientation; /* of EXIF, 1..8 */
    host_failure *f;
} host_image_reader;

/* Sets the image's size and, unless it is only measured, takes memory for its
 * pixels; an error beyond the limits. */
bool host_image_begin(host_image_reader *r, uint64_t height, uint64_t width,
                      uint32_t channels);

/* Fails with "WHERE: a FORMAT that cannot be read: TEXT". */
bool host_image_damaged(host_image_reader *r, const char *format,
                        const char *text);

/* Whether entry i is the grey i * 255 / (count - 1), for all of them: Pillow
 * takes such palettes of GIF (256) and BMP (256, 2) for grey. */
bool host_image_is_ramp(const uint8_t (*palette)[3], uint32_t count);

/* Each decodes a file that begins as its format does, or measures it. */
bool host_image_read_png(host_image_reader *r);
bool host_image_read_jpeg(host_image_reader *r);
bool host_image_read_webp(host_image_reader *r);
bool host_image_read_bmp(host_image_reader *r);
bool host_image_read_gif(host_image_reader *r);

#endif
