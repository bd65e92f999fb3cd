/* SPDX-License-Identifier: MIT
 *
 * csv.c - NAME.csv: the activation segment as a problem for MiniMalloc.
 *
 * [MINIMALLOC] takes id,lower,upper,size with an exclusive upper end, so
 * that anyone can hold our plan against another planner's.  The unit is one
 * element. */
#include "codegen/emit/emit.h"

void cg_emit_csv(cg_out *out, const cg_emission *emission)
{
    const cg_program *program = emission->program;

    cg_out_text(out, "id,lower,upper,size\n");
    for (uint32_t i = 0; i < program->buffer_count; i++) {
        const cg_buffer *b = &program->buffers[i];

        if (!b->f32) {
            cg_out_text(out, "%u,%d,%d,%u\n", (unsigned)i, b->first,
                        b->last + 1, (unsigned)b->elements);
        }
    }
}
