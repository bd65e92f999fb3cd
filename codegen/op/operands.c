/* SPDX-License-Identifier: MIT
 *
 * operands.c - the members of a descriptor that name tensors. */
#include "codegen/op/operands.h"

#include "codegen/op/op.h"

/* Those of the kinds first .. last that are not CEDM_NONE. */
static int list(void *descriptor, const cg_op_info *info, cg_field_kind first,
                cg_field_kind last, cg_operand out[CG_MAX_OPERANDS])
{
    int n = 0;

    for (size_t i = 0; i < info->field_count; i++) {
        const cg_field *field = &info->fields[i];
        uint32_t *value =
            (void *)((unsigned char *)descriptor + field->offset);

        if (field->kind < first || field->kind > last) {
            continue;
        }
        for (size_t k = 0; k < field->count; k++) {
            if (value[k] != CEDM_NONE) {
                out[n++] =
                    (cg_operand){&value[k], field->kind == CG_FIELD_WRITTEN};
            }
        }
    }
    return n;
}

int cg_operands(cg_op *op, cg_operand out[CG_MAX_OPERANDS])
{
    return list(&op->u, cg_op_info_of(op->kind), CG_FIELD_READ,
                CG_FIELD_WRITTEN, out);
}

int cg_weights(cg_op *op, cg_operand out[CG_MAX_OPERANDS])
{
    return list(&op->u, cg_op_info_of(op->kind), CG_FIELD_WEIGHT,
                CG_FIELD_WEIGHT, out);
}

int cg_step_operands(cg_step *step, cg_operand out[CG_MAX_OPERANDS])
{
    return !step->training
               ? cg_operands(&step->op, out)
               : list(&step->grad.u, cg_training_info_of(step->grad.kind),
                      CG_FIELD_READ, CG_FIELD_WRITTEN, out);
}

int cg_step_weights(cg_step *step, cg_operand out[CG_MAX_OPERANDS])
{
    return !step->training
               ? cg_weights(&step->op, out)
               : list(&step->grad.u, cg_training_info_of(step->grad.kind),
                      CG_FIELD_WEIGHT, CG_FIELD_WEIGHT, out);
}
