/* SPDX-License-Identifier: MIT
 *
 * random.h - random numbers by what they are for: of training and clustering.
 *
 * A number is a function of (seed, step, main index, purpose, position)
 * through Philox4x32-10 [PHILOX]: nothing depends on threads, on micro-batches
 * or on what was drawn before, and a resumed run goes on with the numbers that
 * it would have had. */
#ifndef CEDM_HOST_RANDOM_RANDOM_H
#define CEDM_HOST_RANDOM_RANDOM_H

#include <stdint.h>

typedef struct host_random_key {
    uint32_t seed;
    uint32_t purpose; /* what the number is for, the caller's choice */
    uint32_t step;    /* of the optimiser */
    uint64_t image;   /* seen so far in the run, or another main index */
} host_random_key;

/* The four words at a position. */
void host_random_words(const host_random_key *key, uint32_t position,
                       uint32_t out[4]);

/* In (0, 1), from 53 bits of a word pair. */
double host_random_uniform(const host_random_key *key, uint32_t position);

/* Two independent standard normal numbers (Box and Muller 1958). */
void host_random_normal(const host_random_key *key, uint32_t position,
                        double out[2]);

/* The purpose of the numbers behind an order. */
#define HOST_RANDOM_ORDER 1

/* A bijection of 0 .. count-1 that looks random: where index i of an epoch
 * goes. */
uint64_t host_random_permuted(uint32_t seed, uint64_t epoch, uint64_t count,
                              uint64_t i);

#endif
