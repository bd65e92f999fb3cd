/* SPDX-License-Identifier: MIT
 *
 * random.c - Philox blocks as numbers and as an order. */
#include "host/random/random.h"

#include <math.h>

#include "runtime/philox.h"

#define TWO_PI 6.28318530717958647692

void host_random_words(const host_random_key *key, uint32_t position,
                       uint32_t out[4])
{
    const uint32_t counter[4] = {position, key->step, (uint32_t)key->image,
                                 (uint32_t)(key->image >> 32)};
    const uint32_t words[2] = {key->seed, key->purpose};

    cedm_philox(counter, words, out);
}

static double open_unit(uint32_t high, uint32_t low)
{
    uint64_t bits = (uint64_t)high << 20 | low >> 12; /* 52 bits */

    return ((double)bits + 0.5) * 0x1p-52;
}

double host_random_uniform(const host_random_key *key, uint32_t position)
{
    uint32_t w[4];

    host_random_words(key, position, w);
    return open_unit(w[0], w[1]);
}

void host_random_normal(const host_random_key *key, uint32_t position,
                        double out[2])
{
    uint32_t w[4];
    double radius, angle;

    host_random_words(key, position, w);
    radius = sqrt(-2.0 * log(open_unit(w[0], w[1])));
    angle = TWO_PI * open_unit(w[2], w[3]);
    out[0] = radius * cos(angle);
    out[1] = radius * sin(angle);
}

/* A Feistel network of four rounds on the smallest even number of bits that
 * holds count; values outside walk on until they are inside, fewer than four
 * steps on average. */
uint64_t host_random_permuted(uint32_t seed, uint64_t epoch, uint64_t count,
                              uint64_t i)
{
    host_random_key key = {.seed = seed, .purpose = HOST_RANDOM_ORDER};
    uint32_t half = 1;

    key.image = epoch;
    while (half < 32 && (uint64_t)1 << (2 * half) < count) {
        half++;
    }
    do {
        uint32_t mask = half == 32 ? UINT32_MAX : ((uint32_t)1 << half) - 1;
        uint32_t left = (uint32_t)(i >> half) & mask;
        uint32_t right = (uint32_t)i & mask;

        for (uint32_t round = 0; round < 4; round++) {
            uint32_t w[4], next;

            key.step = round;
            host_random_words(&key, right, w);
            next = left ^ (w[0] & mask);
            left = right;
            right = next;
        }
        i = (uint64_t)left << half | right;
    } while (i >= count);
    return i;
}
