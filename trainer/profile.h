/* SPDX-License-Identifier: MIT
 *
 * profile.h - power functions as the weights of a moving average, and their
 * combination into others [EDM2].
 *
 * The average of exponent g at time t weighs the parameters of time s with
 *   p(s) = (g + 1) s^g / t^(g + 1),  0 <= s <= t.
 * Its width, sigma_rel, is the standard deviation of p in units of t.  Times
 * may have any unit: images seen, or updates. */
#ifndef CEDM_TRAINER_PROFILE_H
#define CEDM_TRAINER_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct train_profile {
    double exponent; /* 0 or more */
    double time;     /* above 0 */
} train_profile;

/* Widths that an average can have: exponent 0 weighs all times equally and is
 * the widest, 1 / sqrt(12). */
#define TRAIN_PROFILE_NARROWEST 0.005
#define TRAIN_PROFILE_WIDEST 0.288

/* The exponent whose width is sigma_rel, within the bounds above: the root of
 * sigma_rel^2 (g + 2)^2 (g + 3) = g + 1. */
double train_profile_exponent(double sigma_rel);

/* The share that update number t = 1, 2, ... of the parameters has in their
 * average: 1 - (1 - 1/t)^(g + 1). */
double train_profile_share(double exponent, uint64_t t);

/* The integral of the product of two profiles, in one over the unit of time. */
double train_profile_product(const train_profile *a, const train_profile *b);

/* weights[count] of the stored profiles whose sum is nearest to the wanted
 * one, in least squares over time.  A stored profile is itself: 1, the others
 * 0.  Those that others already make up to rounding get 0.
 * Memory: count^2 doubles, cost count^3.  False without memory. */
bool train_profile_combine(const train_profile *stored, uint32_t count,
                           const train_profile *wanted, double *weights);

#endif
