/* SPDX-License-Identifier: MIT
 *
 * embed.c - the op `embed` in codegen: a vector plus a cluster's. */
#include "codegen/op/op.h"

#define FIELDS(X, T)                                                         \
    X(T, ID, id)                                                             \
    X(T, COUNT, channels)                                                    \
    X(T, COUNT, label_dim)                                                   \
    X(T, ACT, act)                                                           \
    X(T, REAL, label_scale)                                                  \
    X(T, READ, features)                                                     \
    X(T, WRITTEN, dst)                                                       \
    X(T, WEIGHT, weight)                                                     \
    X(T, WEIGHT, bias)

static void summary(cg_text *text, const cg_program *program, uint32_t op)
{
    const cedm_embed *e = &program->ops[op].u.embed;

    cg_text_add(text, "%u", (unsigned)e->channels);
    if (e->label_dim > 0) {
        cg_text_add(text, " + one of %u clusters", (unsigned)e->label_dim);
    }
}

CG_DEFINE_OP(embed);
