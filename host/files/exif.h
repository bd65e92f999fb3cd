/* SPDX-License-Identifier: MIT
 *
 * exif.h - which way up a photograph is. */
#ifndef CEDM_HOST_FILES_EXIF_H
#define CEDM_HOST_FILES_EXIF_H

#include <stddef.h>

/* The orientation, 1 to 8, that a block of EXIF gives, with or without
 * "Exif\0\0" before it.  1, upright, if it gives none or is damaged: such a
 * block says nothing of the pixels. */
unsigned host_exif_orientation(const unsigned char *exif, size_t size);

#endif
