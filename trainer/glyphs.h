/* SPDX-License-Identifier: MIT
 *
 * glyphs.h - characters of 5 by 7 dots. */
#ifndef CEDM_TRAINER_GLYPHS_H
#define CEDM_TRAINER_GLYPHS_H

#include <stdint.h>

#define TRAIN_GLYPH_WIDTH 5
#define TRAIN_GLYPH_HEIGHT 7

/* Rows from the top, five bits each, the left dot highest; no dots for what is
 * no digit, small letter, point, comma, plus or minus. */
const uint8_t *train_glyph(char character);

#endif
