/* SPDX-License-Identifier: MIT
 *
 * power.h - two moving averages of the parameters by power functions, of which
 * one of any width can be made when training is over [EDM2]. */
#ifndef CEDM_TRAINER_POWER_H
#define CEDM_TRAINER_POWER_H

#include "cedm_model.h"
#include "trainer/model_file.h"

#define TRAIN_POWER_COUNT 2u

/* What stands before their tensors' names, and their widths: those of
 * [EDM2]. */
extern const char *const train_power_prefix[TRAIN_POWER_COUNT];
extern const double train_power_sigma_rel[TRAIN_POWER_COUNT];

typedef struct train_power {
    uint64_t elements;
    float *averages[TRAIN_POWER_COUNT]; /* NULL: none are kept */
    cedm_parallel_for *parallel_for;    /* NULL: the calling thread */
    void *pool;
} train_power;

/* Zeroed averages of so many parameters; false, with a line, without
 * memory. */
bool train_power_open(train_power *p, uint64_t elements, host_failure *f);
void train_power_close(train_power *p); /* harmless on a zeroed one */

uint64_t train_power_bytes(uint64_t elements);

/* Takes in the parameters after update number t = 1, 2, ...; the first become
 * the averages.  Element by element: bits do not depend on threads. */
void train_power_update(const train_power *p, const float *params,
                        uint64_t t);

/* The averages as sets to save and to load. */
void train_power_sets(const train_power *p,
                      train_model_set sets[TRAIN_POWER_COUNT]);

#endif
