/* SPDX-License-Identifier: MIT
 *
 * resize_weights.h - the filters of Pillow's resizing, as weights. */
#ifndef CEDM_RESIZE_WEIGHTS_H
#define CEDM_RESIZE_WEIGHTS_H

#include "runtime/resize.h"

/* No output sample has more weights than this. */
uint32_t cedm_resize_most_taps(uint32_t filter, uint32_t in, uint32_t out);

/* The weights of output o, which add up to 1: how many, and of which input
 * sample the first is. */
uint32_t cedm_resize_weigh(uint32_t filter, uint32_t in, uint32_t out,
                           uint32_t o, uint32_t *first, double *weights);

bool cedm_resize_fits(const cedm_resize_shape *shape);

#endif
