/* SPDX-License-Identifier: MIT
 *
 * rings.h - the rings of conv_warpgroup.cuh as events: a thread that has
 * slices and weights copied, warps that activate, warpgroups that multiply and
 * then write. */
#ifndef CEDM_BENCH_LAB_RINGS_H
#define CEDM_BENCH_LAB_RINGS_H

#include <stdint.h>

typedef struct rings_tile {
    uint32_t slices, taps;           /* steps of a tile: their product */
    uint32_t sources, weights;       /* stages */
    double step;                     /* products of a step */
    double activate;                 /* a slice */
    double write;                    /* a tile, while nothing is multiplied */
    double copy;                     /* between two copies */
    double source_wait, weight_wait; /* from a copy to its bytes */
} rings_tile;

/* Cycles of a tile, in the middle of many; and until the first product. */
double rings_cycles(const rings_tile *tile);
double rings_start(const rings_tile *tile);

#endif
