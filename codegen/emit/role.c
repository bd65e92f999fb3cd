/* SPDX-License-Identifier: MIT
 *
 * role.c - what a buffer of the plan is for, as the pictures show it. */
#include "codegen/emit/emit.h"

/* The part of the network that op i belongs to; i may be outside. */
static cg_role part(const cg_program *program, int i)
{
    if (i < 0 || i >= (int)program->op_count) {
        return CG_ROLE_OTHER;
    }
    switch (program->ops[i].section) {
    case CG_SECTION_ENCODER: return CG_ROLE_ENCODER;
    case CG_SECTION_DECODER: return CG_ROLE_DECODER;
    case CG_SECTION_OTHER: break;
    }
    return CG_ROLE_OTHER;
}

cg_role cg_buffer_role(const cg_program *program, uint32_t buffer)
{
    const cg_buffer *b = &program->buffers[buffer];
    cg_role first = part(program, b->first);
    cg_role last = part(program, b->last);

    /* The lowest map goes from the last encoder block to the first decoder
     * block at once: that is no skip. */
    if (first == CG_ROLE_ENCODER && last == CG_ROLE_DECODER) {
        for (int i = b->first; i < b->last; i++) {
            if (part(program, i) == CG_ROLE_DECODER) {
                return CG_ROLE_SKIP;
            }
        }
    }
    return first;
}

void cg_buffer_name(const cg_program *program, uint32_t buffer, cg_name safe)
{
    const char *name = "";
    int longest = -1;

    for (uint32_t i = 0; i < program->tensor_count; i++) {
        const cg_tensor *t = &program->tensors[i];

        if (t->buffer >= 0 && (uint32_t)t->buffer == buffer &&
            t->last - t->first > longest) {
            name = t->name;
            longest = t->last - t->first;
        }
    }
    cg_safe_name(safe, name);
}
