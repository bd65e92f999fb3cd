/* SPDX-License-Identifier: MIT
 *
 * dropout.c - the factors of a dropout layer, for the plain ops. */
#include "trainer/ops/dropout.h"

void train_dropout(const train_exec *exec, uint32_t layer, uint32_t index,
                   uint32_t first, uint32_t count, float *factor)
{
    train_dropout_factors(exec, layer, index, first, count, factor);
}
