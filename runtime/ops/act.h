/* SPDX-License-Identifier: MIT
 *
 * act.h - what is done to a source before it is used: enum cedm_act. */
#ifndef CEDM_ACT_H
#define CEDM_ACT_H

#include "cedm_model.h"
#include "fmath.h"

/* t / (1 + e^-t); e^-t overflows to infinity for t < -88 and gives -0. */
static inline float cedm_silu(float t)
{
    return t / (1.0f + cedm_expf(-t));
}

/* dst = act(src), n channels of one pixel; a and b as in enum cedm_act. */
static inline void cedm_act_pixel(float *dst, const float *src,
                                  const float *a, const float *b, size_t n,
                                  uint32_t act)
{
    if (act == CEDM_ACT_NONE) {
        for (size_t c = 0; c < n; c++) {
            dst[c] = src[c];
        }
    } else if (act == CEDM_ACT_AFFINE) {
        for (size_t c = 0; c < n; c++) {
            dst[c] = a[c] * src[c] + b[c];
        }
    } else {
        for (size_t c = 0; c < n; c++) {
            dst[c] = cedm_silu(a[c] * src[c] + b[c]);
        }
    }
}

#endif
