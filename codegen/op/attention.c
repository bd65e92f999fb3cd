/* SPDX-License-Identifier: MIT
 *
 * attention.c - the op `attention` in codegen. */
#include "codegen/op/op.h"

#define FIELDS(X, T)                                                         \
    X(T, ID, id)                                                             \
    X(T, COUNT, tokens)                                                      \
    X(T, COUNT, channels)                                                    \
    X(T, COUNT, heads)                                                       \
    X(T, READ, src)                                                          \
    X(T, WRITTEN, dst)

static void summary(cg_text *text, const cg_program *program, uint32_t op)
{
    const cedm_attention *a = &program->ops[op].u.attention;

    cg_text_add(text, "%u tokens x %u channels, %u head%s",
                (unsigned)a->tokens, (unsigned)a->channels,
                (unsigned)a->heads, cg_plural(a->heads));
}

CG_DEFINE_OP(attention);
