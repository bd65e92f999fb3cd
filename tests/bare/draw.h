/* SPDX-License-Identifier: MIT
 *
 * draw.h - the one image that every target draws. */
#ifndef CEDM_TESTS_BARE_DRAW_H
#define CEDM_TESTS_BARE_DRAW_H

#include "cedm.h"
#include "tiny.h"

#define IMAGE_BYTES TINY_IMAGE_BYTES(1)
#define STATE_BYTES (IMAGE_BYTES * sizeof(cedm_real))
#define ARENA_BYTES TINY_ARENA_BYTES(1, 1)

extern const unsigned char cedm_tiny_blob[TINY_BLOB_BYTES];

/* In static memory; the image is `image` if the result is CEDM_OK. */
cedm_status draw(void);
extern uint8_t image[IMAGE_BYTES];

/* What the image was rounded from. */
const cedm_real *draw_state(void);

#endif
