/* SPDX-License-Identifier: MIT
 *
 * png_stored.h - PNG files whose pixels are not compressed, as the data-set
 * tool of EDM [EDM] stores them: quick to read, epoch after epoch. */
#ifndef CEDM_HOST_FILES_PNG_STORED_H
#define CEDM_HOST_FILES_PNG_STORED_H

#include <stddef.h>
#include <stdint.h>

#include "host/cli/failure.h"

/* A PNG of pixels [height][width][channels], channels 1 to 4 as in image.h,
 * of at most 2^30 bytes.  The result is to be freed; NULL on error. */
unsigned char *host_png_store(const uint8_t *pixels, uint32_t height,
                              uint32_t width, uint32_t channels, size_t *size,
                              host_failure *f);

#endif
