/* SPDX-License-Identifier: MIT
 *
 * train_cpu.h - training ops for the instruction sets of runtime/cpu. */
#ifndef CEDM_TRAINER_TRAIN_CPU_H
#define CEDM_TRAINER_TRAIN_CPU_H

#include "ops/training_ops.h"

/* The fastest table that a mask of instruction sets and the processor
 * allow; the plain one for 0. */
const train_ops *train_cpu_ops(uint32_t isa);

#endif
