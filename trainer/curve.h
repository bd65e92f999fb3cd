/* SPDX-License-Identifier: MIT
 *
 * curve.h - the numbers of a run as pictures. */
#ifndef CEDM_TRAINER_CURVE_H
#define CEDM_TRAINER_CURVE_H

#include "host/cli/failure.h"

/* What is drawn: a field of the lines, and what stands above it. */
typedef struct train_curve {
    const char *field, *title;
} train_curve;

extern const train_curve train_curve_loss, train_curve_distance;

/* Reads stats.jsonl (its text) and writes a PNG: a field by images seen, on a
 * logarithmic axis.  With fewer than two ticks that have it nothing is drawn.
 * False on error. */
bool train_curve_write(const char *stats, const train_curve *what,
                       const char *path, host_failure *f);

/* A number of the line that begins here; -1 if it is not in it. */
double train_curve_field(const char *line, const char *name);

#endif
