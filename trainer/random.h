/* SPDX-License-Identifier: MIT
 *
 * random.h - every random number of a training run.
 *
 * A number is a function of (seed, step, global index of the image, purpose,
 * position) through Philox4x32-10 [PHILOX]: nothing depends on threads, on
 * micro-batches or on what was drawn before, and a resumed run goes on with
 * the numbers that it would have had. */
#ifndef CEDM_TRAINER_RANDOM_H
#define CEDM_TRAINER_RANDOM_H

#include <stdint.h>

/* What a number is for; dropout layers come after the last. */
enum train_random_purpose {
    TRAIN_RANDOM_INIT,
    TRAIN_RANDOM_ORDER,
    TRAIN_RANDOM_SIGMA,
    TRAIN_RANDOM_NOISE,
    TRAIN_RANDOM_AUGMENT,
    TRAIN_RANDOM_UNCOND,
    TRAIN_RANDOM_SAMPLE,
    TRAIN_RANDOM_DROPOUT
};

typedef struct train_random_key {
    uint32_t seed;
    uint32_t purpose;
    uint32_t step;  /* of the optimiser */
    uint64_t image; /* seen so far in the run, or another main index */
} train_random_key;

/* The four words at a position. */
void train_random_words(const train_random_key *key, uint32_t position,
                        uint32_t out[4]);

/* In (0, 1), from 53 bits of a word pair. */
double train_random_uniform(const train_random_key *key, uint32_t position);

/* Two independent standard normal numbers (Box and Muller 1958). */
void train_random_normal(const train_random_key *key, uint32_t position,
                         double out[2]);

/* A bijection of 0 .. count-1 that looks random: where index i of an epoch
 * goes. */
uint64_t train_random_permuted(uint32_t seed, uint64_t epoch, uint64_t count,
                               uint64_t i);

#endif
