/* SPDX-License-Identifier: MIT
 *
 * resample.c - the op `resample` in codegen: a separable filter. */
#include "codegen/op/op.h"

#define FIELDS(X, T)                                                         \
    X(T, ID, id)                                                             \
    X(T, MODE, mode)                                                         \
    X(T, COUNT, height)                                                      \
    X(T, COUNT, width)                                                       \
    X(T, COUNT, in_height)                                                   \
    X(T, COUNT, in_width)                                                    \
    X(T, COUNT, channels)                                                    \
    X(T, COUNT, taps)                                                        \
    X(T, COUNT, pad)                                                         \
    X(T, ACT, act)                                                           \
    X(T, READ, src)                                                          \
    X(T, READ, coeff)                                                        \
    X(T, WRITTEN, dst)                                                       \
    X(T, WEIGHT, filter)

static void summary(cg_text *text, const cg_program *program, uint32_t op)
{
    static const char *const modes[] = {"down", "up", "filter"};
    const cedm_resample *r = &program->ops[op].u.resample;

    cg_text_add(text, "%ux%ux%u -> %ux%ux%u, %s, %u tap%s",
                (unsigned)r->channels, (unsigned)r->in_height,
                (unsigned)r->in_width, (unsigned)r->channels,
                (unsigned)r->height, (unsigned)r->width,
                r->mode < 3 ? modes[r->mode] : "?", (unsigned)r->taps,
                cg_plural(r->taps));
    cg_text_activation(text, program, op, r->act, r->coeff);
}

CG_DEFINE_OP(resample);
