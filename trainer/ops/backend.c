/* SPDX-License-Identifier: MIT
 *
 * backend.c - the table of plain training ops, and that of their scratch. */
#include "trainer/ops/training_ops.h"

#define PLAIN(name) .name = train_op_##name,
const train_ops train_plain = {CG_TRAINING_OPS(PLAIN)};
#undef PLAIN

#define SIZE(name) .name = train_size_##name,
const train_sizes train_sizes_all = {CG_TRAINING_OPS(SIZE)};
#undef SIZE
