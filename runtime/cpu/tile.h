/* SPDX-License-Identifier: MIT
 *
 * tile.h - the micro-kernel: a few pixels times one panel of weights.
 *
 * Everything that multiplies by prepared weights ends here, so the order of
 * additions is one thing: every output is a chain of fused multiply-adds
 * over k in ascending order, whatever the tile's height and wherever a
 * chain is interrupted. */
#ifndef CEDM_TILE_H
#define CEDM_TILE_H

#include "cpu/cpu.h"
#include "cpu/vec.h"

/* out[i] = (init[i] + sum_k a[i][k] b[k] + add[i]) * scale
 *
 * a[i] is `runs` runs of `length` floats, `step` apart, from a + a_at[i];
 * b is [runs * length][CEDM_PANEL].  init[i] is at init + i * init_step. */
typedef struct cedm_tile {
    const float *a;
    const uint32_t *a_at;
    const float *b;
    uint32_t runs, length;
    size_t step;
    const float *init;
    size_t init_step;
    float *out;
    const uint32_t *out_at; /* offsets in out and add */
    const float *add;       /* or NULL */
    float scale;
} cedm_tile;

/* Rows 0..rows-1 of a tile, 1 <= rows <= CEDM_TILE_ROWS. */
void CEDM_ISA_NAME(tile)(const cedm_tile *tile, uint32_t rows);

/* The same for the first `columns` of a panel; nothing else is read from
 * add or written to out. */
void CEDM_ISA_NAME(tile_part)(const cedm_tile *tile, uint32_t rows,
                              uint32_t columns);

/* The height of the next tile when `left` rows remain: full ones first, the
 * last two even, for low tiles wait for their own sums. */
static inline uint32_t cedm_tile_rows(uint32_t left)
{
    if (left <= CEDM_TILE_ROWS) {
        return left;
    }
    if (left < 2 * CEDM_TILE_ROWS) {
        return (left + 1) / 2;
    }
    return CEDM_TILE_ROWS;
}

#endif
