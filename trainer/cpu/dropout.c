/* SPDX-License-Identifier: MIT
 *
 * dropout.c - the factors of a dropout layer with an instruction set's
 * vectors. */
#include "trainer/ops/dropout.h"
#include "trainer/cpu/train_cpu.h"

void TRAIN_ISA_NAME(dropout)(const train_exec *exec, uint32_t layer,
                             uint32_t index, uint32_t first, uint32_t count,
                             float *factor)
{
    train_dropout_factors(exec, layer, index, first, count, factor);
}
