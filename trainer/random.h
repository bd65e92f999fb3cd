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
enum random_purpose {
    RANDOM_INIT,
    RANDOM_ORDER,
    RANDOM_SIGMA,
    RANDOM_NOISE,
    RANDOM_AUGMENT,
    RANDOM_UNCOND,
    RANDOM_SAMPLE,
    RANDOM_DROPOUT
};

typedef struct random_key {
    uint32_t seed;
    uint32_t purpose;
    uint32_t step; /* of the optimiser */
    uint64_t image; /* seen so far in the run, or another main index */
} random_key;

/* The four words at a position. */
void random_words(const random_key *key, uint32_t position, uint32_t out[4]);

/* In (0, 1), from 53 bits of a word pair. */
double random_uniform(const random_key *key, uint32_t position);

/* Two independent standard normal numbers (Box and Muller 1958). */
void random_normal(const random_key *key, uint32_t position, double out[2]);

/* A bijection of 0 .. count-1 that looks random: where index i of an epoch
 * goes. */
uint64_t random_permuted(uint32_t seed, uint64_t epoch, uint64_t count,
                         uint64_t i);

#endif
