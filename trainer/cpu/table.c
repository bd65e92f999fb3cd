/* SPDX-License-Identifier: MIT
 *
 * table.c - which training ops a processor gets. */
#include "train_cpu.h"

const train_ops *train_cpu_ops(uint32_t isa)
{
    (void)isa;
    return &train_plain;
}
