/* SPDX-License-Identifier: MIT
 *
 * tokens.c - the op `tokens` in codegen: class token, registers, patches. */
#include "codegen/op/op.h"

#define FIELDS(X, T)                                                         \
    X(T, ID, id)                                                             \
    X(T, COUNT, tokens)                                                      \
    X(T, COUNT, first)                                                       \
    X(T, COUNT, channels)                                                    \
    X(T, READ, src)                                                          \
    X(T, WRITTEN, dst)                                                       \
    X(T, WEIGHT, table)

static void summary(cg_text *text, const cg_program *program, uint32_t op)
{
    const cedm_tokens *t = &program->ops[op].u.tokens;

    cg_text_add(text, "%u + %u patches x %u channels", (unsigned)t->first,
                (unsigned)(t->tokens - t->first), (unsigned)t->channels);
}

CG_DEFINE_OP(tokens);
