/* SPDX-License-Identifier: MIT
 *
 * png_text.h - the recipe that a PNG file carries, as png_file.h writes it or
 * as image tools write it again. */
#ifndef CEDM_HOST_FILES_PNG_TEXT_H
#define CEDM_HOST_FILES_PNG_TEXT_H

#include <stddef.h>

#include "host/cli/failure.h"

/* The first text of the keyword HOST_PNG_KEYWORD, from an iTXt chunk
 * (compressed or not, of any language), a tEXt or a zTXt chunk [PNG],
 * zero-terminated, to be freed; at most 64 MiB.  NULL, with a line that names
 * `path`, if there is none or a chunk is damaged. */
char *host_png_text(const unsigned char *png, size_t size, const char *path,
                    host_failure *f);

#endif
