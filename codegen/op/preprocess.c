/* SPDX-License-Identifier: MIT
 *
 * preprocess.c - the op `preprocess` in codegen: an image for a network. */
#include "codegen/op/op.h"

#define FIELDS(X, T)                                                         \
    X(T, ID, id)                                                             \
    X(T, COUNT, height)                                                      \
    X(T, COUNT, width)                                                       \
    X(T, COUNT, in_height)                                                   \
    X(T, COUNT, in_width)                                                    \
    X(T, COUNT, channels)                                                    \
    X(T, COUNT, taps)                                                        \
    X(T, COUNT, fixed)                                                       \
    X(T, READ, src)                                                          \
    X(T, WRITTEN, dst)                                                       \
    X(T, WEIGHT, down)                                                       \
    X(T, WEIGHT, across)                                                     \
    X(T, WEIGHT, normal)

static void summary(cg_text *text, const cg_program *program, uint32_t op)
{
    const cedm_preprocess *p = &program->ops[op].u.preprocess;

    cg_text_add(text, "%ux%ux%u -> %ux%ux%u%s", (unsigned)p->channels,
                (unsigned)p->in_height, (unsigned)p->in_width,
                (unsigned)p->channels, (unsigned)p->height,
                (unsigned)p->width, p->fixed != 0 ? ", 8 bits" : "");
}

CG_DEFINE_OP(preprocess);
