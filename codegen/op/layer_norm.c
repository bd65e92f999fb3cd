/* SPDX-License-Identifier: MIT
 *
 * layer_norm.c - the op `layer_norm` in codegen: tokens normalised. */
#include "codegen/op/op.h"

#define FIELDS(X, T)                                                         \
    X(T, ID, id)                                                             \
    X(T, COUNT, tokens)                                                      \
    X(T, COUNT, channels)                                                    \
    X(T, REAL, eps)                                                          \
    X(T, READ, src)                                                          \
    X(T, WRITTEN, dst)                                                       \
    X(T, WEIGHT, gamma)                                                      \
    X(T, WEIGHT, beta)

static void summary(cg_text *text, const cg_program *program, uint32_t op)
{
    const cedm_layer_norm *n = &program->ops[op].u.layer_norm;

    cg_text_add(text, "%u token%s x %u channels", (unsigned)n->tokens,
                cg_plural(n->tokens), (unsigned)n->channels);
}

CG_DEFINE_OP(layer_norm);
