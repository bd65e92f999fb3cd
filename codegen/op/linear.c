/* SPDX-License-Identifier: MIT
 *
 * linear.c - the op `linear` in codegen: an affine layer. */
#include "codegen/op/op.h"

#define FIELDS(X, T)                                                         \
    X(T, ID, id)                                                             \
    X(T, COUNT, in)                                                          \
    X(T, COUNT, out)                                                         \
    X(T, ACT, act)                                                           \
    X(T, READ, src)                                                          \
    X(T, WRITTEN, dst)                                                       \
    X(T, WEIGHT, weight)                                                     \
    X(T, WEIGHT, bias)

static void summary(cg_text *text, const cg_program *program, uint32_t op)
{
    const cedm_linear *l = &program->ops[op].u.linear;

    cg_text_add(text, "%u -> %u%s", (unsigned)l->in, (unsigned)l->out,
                l->act == CEDM_ACT_SILU ? ", silu" : "");
}

CG_DEFINE_OP(linear);
