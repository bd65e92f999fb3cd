/* SPDX-License-Identifier: MIT
 *
 * difference.h - how far two arrays are apart. */
#ifndef CEDM_HOST_VERIFY_DIFFERENCE_H
#define CEDM_HOST_VERIFY_DIFFERENCE_H

#include <stddef.h>

typedef struct host_difference {
    double max; /* largest |got - want| */
    double rms; /* rms(got - want) / rms(want) */
} host_difference;

/* Both are infinite where a number of either array is NaN, and rms where one
 * is infinite. */
host_difference host_difference_of(const double *got, const double *want,
                                   size_t n);

#endif
