/* SPDX-License-Identifier: MIT
 *
 * curve.h - the loss of a run as a picture. */
#ifndef CEDM_TRAINER_CURVE_H
#define CEDM_TRAINER_CURVE_H

#include "host/cli/failure.h"

/* Reads stats.jsonl (its text) and writes a PNG: loss by images seen, the
 * loss on a logarithmic axis.  With fewer than two ticks nothing is drawn.
 * False on error. */
bool train_curve_write(const char *stats, const char *path, host_failure *f);

#endif
