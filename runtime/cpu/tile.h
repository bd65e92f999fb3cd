/* SPDX-License-Identifier: MIT
 *
 * tile.h - the micro-kernel: pixels times one panel of weights.
 *
 * Everything that multiplies by packed weights ends here, so the order of
 * additions is one thing: every output is a chain of multiply-adds
 * over k in ascending order, whatever the tile's height and wherever a
 * chain is interrupted. */
#ifndef CEDM_TILE_H
#define CEDM_TILE_H

#include "runtime/cpu/cpu.h"
#include "runtime/cpu/vec.h"

_Static_assert(CEDM_TILE_PANELS <= CEDM_PANELS_TOGETHER, "sums have room");

/* For rows i, channels c of a panel:
 *
 *   out[i][c] = (init[i][c] + sum_k a[i][k] b[k][c] + add[i][c]) * scale
 *
 * a[i] is `runs` runs of `length` floats, `step` apart, from a + a_at[i];
 * b is [runs * length][CEDM_PANEL].  init[i] is at init + i * init_step,
 * out[i] and add[i] at out_at[i].  Of the second panel and those after it,
 * each is that many floats further on.  With `paired`, for sets that have
 * CEDM_PAIRS, a and b hold pairs of bfloat16 in place of floats: a step of k
 * is two products, the sum as exact as before. */
typedef struct cedm_tile {
    const float *a;
    const uint32_t *a_at;
    const float *b;
    const float *ahead; /* b of the next call, or NULL */
    uint32_t runs, length;
    size_t step;
    uint32_t panels, paired;
    size_t b_panel, init_panel, out_panel;
    const float *init;
    size_t init_step;
    float *out;
    const uint32_t *out_at;
    const float *add; /* or NULL */
    float scale;
} cedm_tile;

/* Any number of rows. */
void CEDM_ISA_NAME(tile)(const cedm_tile *tile, uint32_t rows);

#endif
