/* SPDX-License-Identifier: MIT
 *
 * winograd_tile.h - the transforms of one tile, sixteen channels at a time.
 *
 * For points a_i, row i of B' holds the coefficients of prod (x - a_j) over
 * the points other than a_i, the last row those over all points; column i
 * of A' is (1, a_i, a_i^2, ...), its last is 1 in the last row.  Both
 * are applied to the columns of a tile, then to the rows. */
#ifndef CEDM_WINOGRAD_TILE_H
#define CEDM_WINOGRAD_TILE_H

#include "runtime/cpu/vec.h"

/* B' of 0, 1, -1, 1/2, -2 and infinity, applied to d[0], d[step], ...:
 *    1  -1.5  -2    1.5   1    0
 *    0  -1     0.5  2.5   1    0
 *    0   1    -2.5  0.5   1    0
 *    0  -2    -1    2     1    0
 *    0   0.5  -1   -0.5   1    0
 *    0   1    -1.5 -2     1.5  1  */
CEDM_INLINE void winograd4_in(v16 *d, const size_t step)
{
    const v16 d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step];
    const v16 d4 = d[4 * step], d5 = d[5 * step];
    const v16 odd = v16_sub(d3, d1), even = v16_sub(d4, d2);
    const v16 half = v16_set(0.5f), five = v16_set(2.5f);
    const v16 three = v16_set(1.5f);

    d[0] = v16_fma(three, odd, v16_add(v16_sub(d0, d2), even));
    d[step] = v16_fma(five, d3, v16_fma(half, d2, v16_sub(d4, d1)));
    d[2 * step] =
        v16_fma(half, d3, v16_fma(v16_set(-2.5f), d2, v16_add(d4, d1)));
    d[3 * step] = v16_fma(v16_set(2.0f), odd, even);
    d[4 * step] = v16_fma(v16_set(-0.5f), odd, even);
    d[5 * step] = v16_fma(three, even, v16_sub(v16_sub(d5, d3), odd));
}

/* B' of 0, 1, -1 and infinity:
 *   -1  0  1  0
 *    0  1  1  0
 *    0 -1  1  0
 *    0 -1  0  1  */
CEDM_INLINE void winograd2_in(v16 *d, const size_t step)
{
    const v16 d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step];

    d[0] = v16_sub(d2, d0);
    d[step] = v16_add(d2, d1);
    d[2 * step] = v16_sub(d2, d1);
    d[3 * step] = v16_sub(d3, d1);
}

/* A' of the same six points:
 *    1  1  1  1     1  0
 *    0  1 -1  0.5  -2  0
 *    0  1  1  0.25  4  0
 *    0  1 -1  0.125 -8 1  */
CEDM_INLINE void winograd4_out(v16 *d, const size_t step)
{
    const v16 d1 = d[step], d2 = d[2 * step], d3 = d[3 * step];
    const v16 d4 = d[4 * step];
    const v16 sum = v16_add(d1, d2), difference = v16_sub(d1, d2);

    d[0] = v16_add(v16_add(d[0], sum), v16_add(d3, d4));
    d[step] =
        v16_fma(v16_set(0.5f), d3, v16_fma(v16_set(-2.0f), d4, difference));
    d[2 * step] =
        v16_fma(v16_set(0.25f), d3, v16_fma(v16_set(4.0f), d4, sum));
    d[3 * step] = v16_fma(
        v16_set(0.125f), d3,
        v16_fma(v16_set(-8.0f), d4, v16_add(d[5 * step], difference)));
}

/* A' of the same four points:
 *    1  1  1  0
 *    0  1 -1  1  */
CEDM_INLINE void winograd2_out(v16 *d, const size_t step)
{
    const v16 d1 = d[step], d2 = d[2 * step];

    d[0] = v16_add(d[0], v16_add(d1, d2));
    d[step] = v16_add(d[3 * step], v16_sub(d1, d2));
}

/* B' d B of the n x n inputs at `in`, rows `pitch` floats apart, pixels
 * `pixel`; value i goes to out + i * point. */
CEDM_INLINE void winograd_in(float *out, size_t point, const float *in,
                             size_t pitch, size_t pixel, const size_t n)
{
    v16 d[36];

#pragma GCC unroll 6
    for (size_t x = 0; x < n; x++) {
#pragma GCC unroll 6
        for (size_t y = 0; y < n; y++) {
            d[y * n + x] = v16_load(in + y * pitch + x * pixel);
        }
        n == 6 ? winograd4_in(d + x, n) : winograd2_in(d + x, n);
    }
#pragma GCC unroll 6
    for (size_t y = 0; y < n; y++) {
        n == 6 ? winograd4_in(d + y * n, 1) : winograd2_in(d + y * n, 1);
#pragma GCC unroll 6
        for (size_t x = 0; x < n; x++) {
            v16_store(out + (y * n + x) * point, d[y * n + x]);
        }
    }
}

/* A' d A of n x n values `point` floats apart at `in`: m x m at d, whose
 * rows are n apart. */
CEDM_INLINE void winograd_out(v16 *d, const float *in, size_t point,
                              const size_t n)
{
#pragma GCC unroll 6
    for (size_t x = 0; x < n; x++) {
#pragma GCC unroll 6
        for (size_t y = 0; y < n; y++) {
            d[y * n + x] = v16_load(in + (y * n + x) * point);
        }
        n == 6 ? winograd4_out(d + x, n) : winograd2_out(d + x, n);
    }
#pragma GCC unroll 4
    for (size_t y = 0; y < n - 2; y++) {
        n == 6 ? winograd4_out(d + y * n, 1) : winograd2_out(d + y * n, 1);
    }
}

#endif
