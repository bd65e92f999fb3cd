/* SPDX-License-Identifier: MIT
 *
 * dropout.c - the factors of a dropout layer.
 *
 * Eight elements share a Philox block, 16 bits each: the rate is met within
 * 2^-16, and factors can be made again instead of stored. */
#include <math.h>

#include "random.h"
#include "training_ops.h"

void train_dropout(const train_exec *exec, uint32_t layer, uint32_t index,
                   uint32_t first, uint32_t count, float *factor)
{
    random_key key = {.seed = exec->seed, .purpose = RANDOM_DROPOUT + layer,
                      .step = exec->step, .image = exec->images[index]};
    uint32_t limit = (uint32_t)lrintf(exec->dropout * 65536.0f);
    float kept = 65536.0f / (float)(65536u - limit);
    uint32_t w[4], block = UINT32_MAX;

    for (uint32_t e = first; e < first + count; e++) {
        uint32_t bits;

        if (e / 8 != block) {
            block = e / 8;
            random_words(&key, block, w);
        }
        bits = w[e / 2 % 4] >> (e % 2 * 16) & 0xffffu;
        factor[e - first] = bits < limit ? 0.0f : kept;
    }
}
