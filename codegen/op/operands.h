/* SPDX-License-Identifier: MIT
 *
 * operands.h - the tensors and weights of an op or a step of any kind. */
#ifndef CEDM_CODEGEN_OP_OPERANDS_H
#define CEDM_CODEGEN_OP_OPERANDS_H

#include "codegen/training.h"

typedef struct cg_operand {
    uint32_t *ref; /* cedm_ref or cedm_weight */
    bool written;
} cg_operand;

#define CG_MAX_OPERANDS 16

/* Operands that are not CEDM_NONE; their number. */
int cg_operands(cg_op *op, cg_operand out[CG_MAX_OPERANDS]);
int cg_step_operands(cg_step *step, cg_operand out[CG_MAX_OPERANDS]);

/* Weights that are not CEDM_NONE, in the order of the descriptor. */
int cg_weights(cg_op *op, cg_operand out[CG_MAX_OPERANDS]);
int cg_step_weights(cg_step *step, cg_operand out[CG_MAX_OPERANDS]);

#endif
