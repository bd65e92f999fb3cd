/* SPDX-License-Identifier: MIT
 *
 * pool.c - the op `pool` in codegen: the largest or the mean of windows. */
#include "codegen/op/op.h"

#define FIELDS(X, T)                                                         \
    X(T, ID, id)                                                             \
    X(T, POOL, mode)                                                         \
    X(T, COUNT, height)                                                      \
    X(T, COUNT, width)                                                       \
    X(T, COUNT, in_height)                                                   \
    X(T, COUNT, in_width)                                                    \
    X(T, COUNT, channels)                                                    \
    X(T, COUNT, kernel)                                                      \
    X(T, COUNT, stride)                                                      \
    X(T, COUNT, pad)                                                         \
    X(T, READ, src)                                                          \
    X(T, SLICE, dst_index)                                                   \
    X(T, SLICE, dst_stride)                                                  \
    X(T, WRITTEN, dst)

static void summary(cg_text *text, const cg_program *program, uint32_t op)
{
    const cedm_pool *p = &program->ops[op].u.pool;

    cg_text_add(text, "%ux%ux%u -> %ux%ux%u, %s", (unsigned)p->channels,
                (unsigned)p->in_height, (unsigned)p->in_width,
                (unsigned)p->channels, (unsigned)p->height,
                (unsigned)p->width,
                p->mode == CEDM_POOL_MAX ? "largest" : "mean");
    if (p->kernel != 0) {
        cg_text_add(text, " of %ux%u", (unsigned)p->kernel,
                    (unsigned)p->kernel);
    }
}

CG_DEFINE_OP(pool);
