/* SPDX-License-Identifier: MIT
 *
 * gate.c - the op `gate` in codegen: half of the channels times the other. */
#include "codegen/op/op.h"

#define FIELDS(X, T)                                                         \
    X(T, ID, id)                                                             \
    X(T, COUNT, tokens)                                                      \
    X(T, COUNT, channels)                                                    \
    X(T, READ, src)                                                          \
    X(T, WRITTEN, dst)

static void summary(cg_text *text, const cg_program *program, uint32_t op)
{
    const cedm_gate *g = &program->ops[op].u.gate;

    cg_text_add(text, "%u token%s x %u channels", (unsigned)g->tokens,
                cg_plural(g->tokens), (unsigned)g->channels);
}

CG_DEFINE_OP(gate);
