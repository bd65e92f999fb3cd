/* SPDX-License-Identifier: MIT
 *
 * norm_coeff.c - the op `norm_coeff` in codegen: a norm as coefficients. */
#include "codegen/op/op.h"

#define FIELDS(X, T)                                                         \
    X(T, ID, id)                                                             \
    X(T, COUNT, height)                                                      \
    X(T, COUNT, width)                                                       \
    X(T, COUNT, channels)                                                    \
    X(T, COUNT, groups)                                                      \
    X(T, COUNT, stat_rows)                                                   \
    X(T, REAL, eps)                                                          \
    X(T, READ, stats)                                                        \
    X(T, SLICE, adaptive_index)                                              \
    X(T, SLICE, adaptive_stride)                                             \
    X(T, READ, adaptive_src)                                                 \
    X(T, WRITTEN, dst)                                                       \
    X(T, WEIGHT, gamma)                                                      \
    X(T, WEIGHT, beta)

static void summary(cg_text *text, const cg_program *program, uint32_t op)
{
    const cedm_norm_coeff *n = &program->ops[op].u.norm_coeff;

    cg_text_channels(text, n->channels);
    cg_text_add(text, "x%ux%u, %u group%s%s", (unsigned)n->height,
                (unsigned)n->width, (unsigned)n->groups, cg_plural(n->groups),
                n->adaptive_src != CEDM_NONE ? ", adaptive" : "");
}

CG_DEFINE_OP(norm_coeff);
