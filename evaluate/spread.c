/* SPDX-License-Identifier: MIT
 *
 * spread.c - mean and deviation of a few values. */
#include "evaluate/spread.h"

#include <math.h>

evaluate_spread evaluate_spread_of(const double *values, uint32_t count)
{
    double sum = 0, squares = 0;
    for (uint32_t i = 0; i < count; i++) {
        sum += values[i];
    }
    double mean = sum / count;
    for (uint32_t i = 0; i < count; i++) {
        squares += (values[i] - mean) * (values[i] - mean);
    }
    return (evaluate_spread){mean, sqrt(squares / count)};
}
