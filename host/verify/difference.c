/* SPDX-License-Identifier: MIT
 *
 * difference.c - how far two arrays are apart. */
#include <math.h>
#include <stdbool.h>

#include "host/verify/difference.h"

host_difference host_difference_of(const double *got, const double *want,
                                   size_t n)
{
    double max = 0, sum = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        double d = fabs(got[i] - want[i]);
        if (!(d <= max)) {
            max = isnan(d) ? (double)INFINITY : d;
        }
        sum += d * d;
        size += want[i] * want[i];
    }
    /* What is no number is near nothing, and against zeros only zeros are
     * near. */
    bool comparable = isfinite(sum) && isfinite(size);
    double rms = !comparable ? (double)INFINITY
                 : size > 0  ? sqrt(sum / size)
                 : sum > 0   ? (double)INFINITY
                             : 0;
    return (host_difference){max, rms};
}
