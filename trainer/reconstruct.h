/* SPDX-License-Identifier: MIT
 *
 * reconstruct.h - an average of any width, made of those that a run kept. */
#ifndef CEDM_TRAINER_RECONSTRUCT_H
#define CEDM_TRAINER_RECONSTRUCT_H

#include <stddef.h>

#include "host/cli/failure.h"

/* Writes FOLDER/average-S-NNN.safetensors, a checkpoint as snapshots are: the
 * parameters' average of width sigma_rel (trainer/profile.h) at the newest of
 * the points whose averages are there, combined of all of them [EDM2].
 * path[size] gets its name.
 * Memory: five times the parameters.  Cost: every file is read once. */
bool train_reconstruct(const char *folder, double sigma_rel, char *path,
                       size_t size, host_failure *f);

#endif
