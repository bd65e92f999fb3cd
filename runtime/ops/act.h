/* SPDX-License-Identifier: MIT
 *
 * act.h - what is done to a source before it is used: enum cedm_act. */
#ifndef CEDM_ACT_H
#define CEDM_ACT_H

#include "cedm_model.h"
#include "runtime/ops/lanes.h"

/* t / (1 + e^-t); below -88 the tiny value that is left keeps its sign. */
static inline cedm_lanes cedm_silu(cedm_lanes t)
{
    return t / (1.0f + cedm_lanes_exp(-t));
}

static inline cedm_lanes cedm_act_lanes(cedm_lanes x, cedm_lanes a,
                                        cedm_lanes b, uint32_t act)
{
    return act == CEDM_ACT_SILU ? cedm_silu(a * x + b) : a * x + b;
}

/* act(t) of one number with a = 1 and b = 0. */
static inline float cedm_act_plain(float t, uint32_t act)
{
    return act == CEDM_ACT_SILU ? cedm_silu((cedm_lanes){t})[0] : t;
}

/* dst = act(src), n channels of one pixel; a and b as in enum cedm_act. */
static inline void cedm_act_pixel(float *dst, const float *src,
                                  const float *a, const float *b, size_t n,
                                  uint32_t act)
{
    size_t c = 0, left = n % CEDM_LANES;

    if (act == CEDM_ACT_NONE) {
        for (; c < n; c++) {
            dst[c] = src[c];
        }
        return;
    }
    for (; c + CEDM_LANES <= n; c += CEDM_LANES) {
        cedm_lanes_store(dst + c,
                         cedm_act_lanes(cedm_lanes_load(src + c),
                                        cedm_lanes_load(a + c),
                                        cedm_lanes_load(b + c), act));
    }
    if (left != 0) {
        cedm_lanes x = cedm_act_lanes(cedm_lanes_load_part(src + c, left),
                                      cedm_lanes_load_part(a + c, left),
                                      cedm_lanes_load_part(b + c, left), act);

        cedm_lanes_store_part(dst + c, x, left);
    }
}

#endif
