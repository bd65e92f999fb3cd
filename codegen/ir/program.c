/* SPDX-License-Identifier: MIT
 *
 * program.c - running a program op by op, and its end. */
#include "codegen.h"
#include "ir/memory.h"

void cg_run(const cg_program *program, const cedm_ops *ops, void *ctx)
{
    for (uint32_t i = 0; i < program->op_count; i++) {
        const cg_op *op = &program->ops[i];
        switch (op->kind) {
#define CALL(name)                                                           \
    case CG_OP_##name:                                                       \
        ops->name(ctx, &op->u.name);                                         \
        break;
            CEDM_GRAPH_OPS(CALL)
#undef CALL
        case CG_OP_COUNT:
            break;
        }
    }
}

void cg_program_free(cg_program *program)
{
    if (program != NULL) {
        cg_memory_free(program->memory); /* the program lies in it */
    }
}
