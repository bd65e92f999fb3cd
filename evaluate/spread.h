/* SPDX-License-Identifier: MIT
 *
 * spread.h - what is reported of an estimate from several subsets. */
#ifndef CEDM_EVALUATE_SPREAD_H
#define CEDM_EVALUATE_SPREAD_H

#include <stdint.h>

typedef struct evaluate_spread {
    double mean, deviation; /* of the population: divided by count */
} evaluate_spread;

/* Of values[count], count >= 1. */
evaluate_spread evaluate_spread_of(const double *values, uint32_t count);

#endif
