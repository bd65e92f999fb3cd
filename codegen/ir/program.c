/* SPDX-License-Identifier: MIT
 *
 * program.c - running a program op by op, and its end. */
#include "codegen/codegen.h"
#include "codegen/ir/memory.h"

void cg_run(const cg_program *program, const cedm_ops *ops, void *ctx)
{
    for (uint32_t i = 0; i < program->op_count; i++) {
        cg_call(&program->ops[i], ops, ctx);
    }
}

void cg_program_free(cg_program *program)
{
    if (program != NULL) {
        cg_memory_free(program->memory); /* the program lies in it */
    }
}
