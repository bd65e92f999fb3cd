/* SPDX-License-Identifier: MIT
 *
 * dropout.h - the factors of a dropout layer, eight Philox blocks side by
 * side; compiled for the build's baseline and for every instruction set.
 *
 * A block of four words decides about eight elements, 16 bits each: the rate
 * is met within 2^-16, and factors can be made again instead of stored.
 * Element e is half e / 32 % 2 of word e / 8 % 4 of block e / 64 * 8 + e % 8,
 * so that neighbours lie in neighbouring lanes. */
#ifndef CEDM_TRAINER_DROPOUT_H
#define CEDM_TRAINER_DROPOUT_H

#include <math.h>

#include "trainer/purposes.h"
#include "trainer/ops/training_ops.h"

#define TRAIN_DROPOUT_LANES 8u
#define TRAIN_DROPOUT_GROUP 64u

typedef uint32_t dropout_words __attribute__((vector_size(32)));
typedef uint64_t dropout_products __attribute__((vector_size(64)));
typedef float dropout_floats __attribute__((vector_size(32)));

#define TRAIN_DROPOUT_INLINE static inline __attribute__((always_inline))

/* One round of Philox4x32 [PHILOX]. */
TRAIN_DROPOUT_INLINE void train_dropout_round(dropout_words c[4], uint32_t k0,
                                              uint32_t k1)
{
    dropout_products p0 =
        __builtin_convertvector(c[0], dropout_products) * 0xd2511f53u;
    dropout_products p1 =
        __builtin_convertvector(c[2], dropout_products) * 0xcd9e8d57u;
    dropout_words high0 = __builtin_convertvector(p0 >> 32, dropout_words);
    dropout_words high1 = __builtin_convertvector(p1 >> 32, dropout_words);

    c[0] = high1 ^ c[1] ^ k0;
    c[1] = __builtin_convertvector(p1, dropout_words);
    c[2] = high0 ^ c[3] ^ k1;
    c[3] = __builtin_convertvector(p0, dropout_words);
}

/* The factors of elements 64 group .. 64 group + 63. */
TRAIN_DROPOUT_INLINE void train_dropout_group(const host_random_key *key,
                                              uint32_t group, uint32_t limit,
                                              float kept, float *factor)
{
    const dropout_words zero = {0}, lanes = {0, 1, 2, 3, 4, 5, 6, 7};
    dropout_words c[4] = {lanes + group * TRAIN_DROPOUT_LANES,
                          zero + key->step, zero + (uint32_t)key->image,
                          zero + (uint32_t)(key->image >> 32)};
    uint32_t k0 = key->seed, k1 = key->purpose;
    dropout_floats keep = {kept, kept, kept, kept, kept, kept, kept, kept};

    for (int round = 0; round < 10; round++) {
        train_dropout_round(c, k0, k1);
        k0 += 0x9e3779b9u;
        k1 += 0xbb67ae85u;
    }
    for (uint32_t i = 0; i < 8; i++) {
        dropout_words bits = i < 4 ? c[i] & 0xffffu : c[i - 4] >> 16;
        dropout_words survives = (dropout_words)(bits >= limit);
        dropout_words value = survives & (dropout_words)keep;

        __builtin_memcpy(factor + i * TRAIN_DROPOUT_LANES, &value,
                         sizeof value);
    }
}

TRAIN_DROPOUT_INLINE void
train_dropout_factors(const train_exec *exec, uint32_t layer, uint32_t index,
                      uint32_t first, uint32_t count, float *factor)
{
    const host_random_key key = {.seed = exec->seed,
                                 .purpose = TRAIN_DRAW_DROPOUT + layer,
                                 .step = exec->step,
                                 .image = exec->images[index]};
    uint32_t limit = (uint32_t)lrintf(exec->dropout * 65536.0f);
    float kept = 65536.0f / (float)(65536u - limit);
    uint32_t end = first + count, e = first;

    while (e < end) {
        uint32_t at = e % TRAIN_DROPOUT_GROUP,
                 left = TRAIN_DROPOUT_GROUP - at;
        uint32_t n = end - e < left ? end - e : left;
        float group[TRAIN_DROPOUT_GROUP];

        if (n == TRAIN_DROPOUT_GROUP) {
            train_dropout_group(&key, e / TRAIN_DROPOUT_GROUP, limit, kept,
                                factor + (e - first));
        } else {
            train_dropout_group(&key, e / TRAIN_DROPOUT_GROUP, limit, kept,
                                group);
            __builtin_memcpy(factor + (e - first), group + at,
                             n * sizeof *group);
        }
        e += n;
    }
}

#endif
