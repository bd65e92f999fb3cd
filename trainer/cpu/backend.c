/* SPDX-License-Identifier: MIT
 *
 * backend.c - the training ops of one instruction set: its own where they
 * pay, the plain ones for the rest. */
#include "trainer/cpu/train_cpu.h"

const train_ops TRAIN_ISA_NAME(table) = {
    .augment = train_op_augment,
    .activate = TRAIN_ISA_NAME(activate),
    .norm_grad = TRAIN_ISA_NAME(norm_grad),
    .conv_weight = TRAIN_ISA_NAME(conv_weight),
    .sums = train_op_sums,
    .attention_grad = TRAIN_ISA_NAME(attention_grad),
    .embed_grad = train_op_embed_grad,
    .silu_grad = train_op_silu_grad,
    .add = train_op_add,
    .dilate = train_op_dilate,
};
