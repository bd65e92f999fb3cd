/* SPDX-License-Identifier: MIT
 *
 * image.h - images of foreign files, as 8 bits a channel.
 *
 * PNG, JPEG, WebP (still), BMP (uncompressed) and the first picture of a GIF,
 * told apart by their first bytes.  Pixels are those of Pillow's loader
 * [PILLOW] with its `convert` to the nearest of the four kinds below:
 *
 *  - 16 bits a channel keep the upper 8 (grey too, whose values above 255
 *    Pillow's convert would make white); 1, 2 and 4 bits of grey are spread
 *    over 0..255;
 *  - a palette becomes RGB, or grey where a GIF's or BMP's palette is the ramp
 *    of greys; a colour or palette entry that stands for transparency (tRNS,
 *    GIF's transparent index) is not alpha and stays as it is;
 *  - CMYK and YCCK of JPEG become RGB by (1 - C)(1 - K), inks inverted as
 *    Adobe writes them; gamma and colour profiles are not applied;
 *  - the orientation that EXIF gives is applied, where Pillow's loader leaves
 *    that to exif_transpose.
 *
 * A file that is damaged as far as its format can tell is an error: a CRC or
 * Adler-32 of a PNG, and what a JPEG decoder would paint over.  Nothing is
 * accepted beyond HOST_IMAGE_MOST_SIDE pixels a side and
 * HOST_IMAGE_MOST_PIXELS in all, which is asked before memory is taken;
 * decoding needs at most 16 bytes a pixel besides the file. */
#ifndef CEDM_HOST_FILES_IMAGE_H
#define CEDM_HOST_FILES_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/cli/failure.h"

#define HOST_IMAGE_MOST_SIDE 65535u
#define HOST_IMAGE_MOST_PIXELS (1u << 26)

/* Channels say the kind: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA. */
typedef struct host_image {
    uint8_t *pixels; /* [height][width][channels] */
    uint32_t height, width, channels;
} host_image;

/* Decodes a file; `where` names it in errors.  On error *image is zeroed. */
bool host_image_decode(host_image *image, const unsigned char *bytes,
                       size_t size, const char *where, host_failure *f);

/* The same without pixels: what the head of the file says.  Width and height
 * are those before EXIF turns the image. */
bool host_image_measure(host_image *image, const unsigned char *bytes,
                        size_t size, const char *where, host_failure *f);

/* Changes the kind in place: alpha is dropped or 255, grey is repeated, and
 * colour becomes ITU-R 601's luma in Pillow's integers. */
bool host_image_convert(host_image *image, uint32_t channels,
                        host_failure *f);

void host_image_free(host_image *image); /* harmless on a zeroed one */

/* Whether a name ends as those of the formats above do, in any case. */
bool host_image_is_name(const char *name);

#endif
