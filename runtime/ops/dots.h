/* SPDX-License-Identifier: MIT
 *
 * dots.h - eight dot products at a time: the inner loop of everything that
 * multiplies matrices in plain C.
 *
 * The order of additions is part of the meaning: element i of a run goes to
 * lane i mod 4, in ascending order, run after run, and the lanes are added
 * as (0 + 1) + (2 + 3) at the end.  One order for all: an output does not
 * depend on which of its neighbours were computed beside it. */
#ifndef CEDM_DOTS_H
#define CEDM_DOTS_H

#include "runtime/ops/lanes.h"

#define CEDM_DOTS_X 4
#define CEDM_DOTS_W 2

typedef struct cedm_dots {
    cedm_lanes sum[CEDM_DOTS_X][CEDM_DOTS_W];
} cedm_dots;

/* sum[i][j] += x[i] . w[j] over n elements. */
static inline void cedm_dots_run(cedm_dots *dots,
                                 const float *const x[CEDM_DOTS_X],
                                 const float *const w[CEDM_DOTS_W], size_t n)
{
    const float *x0 = x[0], *x1 = x[1], *x2 = x[2], *x3 = x[3];
    const float *w0 = w[0], *w1 = w[1];
    cedm_lanes s00 = dots->sum[0][0], s01 = dots->sum[0][1];
    cedm_lanes s10 = dots->sum[1][0], s11 = dots->sum[1][1];
    cedm_lanes s20 = dots->sum[2][0], s21 = dots->sum[2][1];
    cedm_lanes s30 = dots->sum[3][0], s31 = dots->sum[3][1];
    size_t k = 0;

    for (; k + CEDM_LANES <= n; k += CEDM_LANES) {
        cedm_lanes v0 = cedm_lanes_load(w0 + k);
        cedm_lanes v1 = cedm_lanes_load(w1 + k);
        cedm_lanes u = cedm_lanes_load(x0 + k);

        s00 += u * v0;
        s01 += u * v1;
        u = cedm_lanes_load(x1 + k);
        s10 += u * v0;
        s11 += u * v1;
        u = cedm_lanes_load(x2 + k);
        s20 += u * v0;
        s21 += u * v1;
        u = cedm_lanes_load(x3 + k);
        s30 += u * v0;
        s31 += u * v1;
    }
    for (size_t lane = 0; k < n; k++, lane++) {
        s00[lane] += x0[k] * w0[k];
        s01[lane] += x0[k] * w1[k];
        s10[lane] += x1[k] * w0[k];
        s11[lane] += x1[k] * w1[k];
        s20[lane] += x2[k] * w0[k];
        s21[lane] += x2[k] * w1[k];
        s30[lane] += x3[k] * w0[k];
        s31[lane] += x3[k] * w1[k];
    }
    dots->sum[0][0] = s00, dots->sum[0][1] = s01;
    dots->sum[1][0] = s10, dots->sum[1][1] = s11;
    dots->sum[2][0] = s20, dots->sum[2][1] = s21;
    dots->sum[3][0] = s30, dots->sum[3][1] = s31;
}

static inline float cedm_dots_total(const cedm_dots *dots, size_t i, size_t j)
{
    cedm_lanes s = dots->sum[i][j];

    return (s[0] + s[1]) + (s[2] + s[3]);
}

#endif
