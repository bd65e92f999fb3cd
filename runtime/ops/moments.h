/* SPDX-License-Identifier: MIT
 *
 * moments.h - count, mean and M2 of a group from those of its parts, in the
 * order of rows and by the update of [CHAN]. */
#ifndef CEDM_OPS_MOMENTS_H
#define CEDM_OPS_MOMENTS_H

#include <stddef.h>
#include <stdint.h>

typedef struct cedm_moments {
    double count, mean, m2;
} cedm_moments;

static inline void cedm_moments_merge(cedm_moments *into, double count,
                                      double mean, double m2)
{
    double total = into->count + count;
    double delta = mean - into->mean;

    into->m2 += m2 + delta * delta * (into->count * count / total);
    into->mean += delta * (count / total);
    into->count = total;
}

/* Adds one channel of a map: a mean and an M2 for each `stat_rows` rows. */
static inline void cedm_moments_channel(cedm_moments *group, uint32_t height,
                                        uint32_t width, uint32_t stat_rows,
                                        const float *stats, uint32_t channels,
                                        uint32_t c)
{
    for (uint32_t row = 0; row < height; row += stat_rows) {
        uint32_t left = height - row;
        uint32_t rows = left < stat_rows ? left : stat_rows;

        cedm_moments_merge(group, (double)rows * (double)width,
                           (double)stats[c], (double)stats[channels + c]);
        stats += 2 * (size_t)channels;
    }
}

#endif
