/* SPDX-License-Identifier: MIT
 *
 * png_file.h - PNG files that carry the recipe of their images. */
#ifndef CEDM_HOST_FILES_PNG_FILE_H
#define CEDM_HOST_FILES_PNG_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "host/cli/failure.h"

/* The keyword of the one text chunk (iTXt, uncompressed UTF-8); png_text.h
 * reads it. */
#define HOST_PNG_KEYWORD "cedm"

/* Whether an image of this size can be encoded. */
bool host_png_file_fits(uint64_t width, uint64_t height, uint32_t channels);

/* Encodes pixels [height][width][channels], channels 1..4 (grey, grey and
 * alpha, RGB, RGBA); without a recipe where text is NULL.  The result is to be
 * freed; NULL on error. */
unsigned char *host_png_file_encode(const uint8_t *pixels, uint32_t width,
                                    uint32_t height, uint32_t channels,
                                    const char *text, size_t *size,
                                    host_failure *f);

/* Images of size x size pixels in rows of `columns`; cells not set are 0. */
typedef struct host_png_grid {
    uint8_t *pixels;
    uint32_t size, channels;
    uint32_t columns, rows;
} host_png_grid;

bool host_png_grid_make(host_png_grid *grid, uint32_t size, uint32_t channels,
                        uint64_t columns, uint64_t rows, host_failure *f);
void host_png_grid_set(host_png_grid *grid, uint64_t cell,
                       const uint8_t *image);
void host_png_grid_free(host_png_grid *grid);

#endif
