/* SPDX-License-Identifier: MIT
 *
 * op_trial.h - a case of an op in a precision, run once, and what must hold of
 * what it gave.
 *
 * Tolerance: u is half the distance of neighbours at 1.  Independent
 * roundings of inputs, weights and activated values add up to about u times
 * the root mean square of outputs, and the last one is relative to a value:
 * 8 and 2 of these leave no room for a wrong element. */
#ifndef CEDM_TEST_CUDA_OP_TRIAL_H
#define CEDM_TEST_CUDA_OP_TRIAL_H

#include "tests/cuda/session.h"

typedef struct subject {
    const op_class *class;
    const op_case *c;
    enum cedm_cuda_precision precision;
} subject;

typedef struct trial {
    stage s;
    any_op op;
    session x;
    char what[160];
} trial;

/* "fp16". */
const char *precision_name(enum cedm_cuda_precision precision);

/* Runs the case once; the device's settings but for the precision. */
void trial_start(trial *r, const subject *t, stage_setting images,
                 session_setting device);
void trial_finish(trial *r);

/* What is wanted: of every element, or of sums (sums.h) where the case has
 * them.  Fails with how many are wrong, the first and the worst of them;
 * else the worst difference, 1 being the bound. */
double check_values(const subject *t, const trial *r);

/* Means and M2 of partial maps are those of the map that was written. */
void check_stats(const trial *r, uint32_t image);

/* The flag tells of 16-bit results that are not finite, and of no others. */
void check_flag(const trial *r, uint32_t image);

/* Some element of the first image depends on element 0 of its input. */
void check_nan(const trial *r);

/* Image i of one is image i + shift of the other, from `from` on. */
void check_same_bits(const trial *is, const trial *was, uint32_t from,
                     uint32_t shift, const char *why);

#endif
