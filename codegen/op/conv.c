/* SPDX-License-Identifier: MIT
 *
 * conv.c - the op `conv` in codegen: a convolution and all around it. */
#include "codegen/op/op.h"

#define FIELDS(X, T)                                                         \
    X(T, ID, id)                                                             \
    X(T, ALGORITHM, algorithm)                                               \
    X(T, COUNT, height)                                                      \
    X(T, COUNT, width)                                                       \
    X(T, COUNT, in_height)                                                   \
    X(T, COUNT, in_width)                                                    \
    X(T, COUNT, cin)                                                         \
    X(T, COUNT, cout)                                                        \
    X(T, COUNT, kernel)                                                      \
    X(T, COUNT, stride)                                                      \
    X(T, COUNT, pad)                                                         \
    X(T, COUNT, up)                                                          \
    X(T, ACT, act)                                                           \
    X(T, POST, post)                                                         \
    X(T, COUNT, skip_cin)                                                    \
    X(T, COUNT, skip_up)                                                     \
    X(T, COUNT, stat_rows)                                                   \
    X(T, REAL, scale)                                                        \
    X(T, READ, src)                                                          \
    X(T, READ, coeff)                                                        \
    X(T, READ, skip_src)                                                     \
    X(T, SLICE, emb_index)                                                   \
    X(T, SLICE, emb_stride)                                                  \
    X(T, READ, emb_src)                                                      \
    X(T, READ, residual)                                                     \
    X(T, SLICE, dst_index)                                                   \
    X(T, SLICE, dst_stride)                                                  \
    X(T, WRITTEN, dst)                                                       \
    X(T, WRITTEN, stats)                                                     \
    X(T, WEIGHT, weight)                                                     \
    X(T, WEIGHT, bias)                                                       \
    X(T, WEIGHT, skip_weight)                                                \
    X(T, WEIGHT, skip_bias)

static void summary(cg_text *text, const cg_program *program, uint32_t op)
{
    const cedm_conv *c = &program->ops[op].u.conv;

    cg_text_channels(text, c->cin);
    cg_text_add(text, "x%ux%u -> %ux%ux%u, %ux%u", (unsigned)c->in_height,
                (unsigned)c->in_width, (unsigned)c->cout, (unsigned)c->height,
                (unsigned)c->width, (unsigned)c->kernel[0],
                (unsigned)c->kernel[1]);
    cg_text_activation(text, program, op, c->act, c->coeff);
    if (c->up != 0) {
        cg_text_add(text, ", up");
    }
    if (c->stride != 1) {
        cg_text_add(text, ", stride %u", (unsigned)c->stride);
    }
    if (c->emb_src != CEDM_NONE) {
        cg_text_add(text, ", + emb");
    }
    if (c->skip_cin[0] > 0) {
        cg_text_add(text, ", + 1x1 skip of ");
        cg_text_channels(text, c->skip_cin);
        if (c->skip_up != 0) {
            cg_text_add(text, ", up");
        }
    }
    if (c->dst_stride != 0) {
        cg_text_add(text, ", channels %u.. of %u", (unsigned)c->dst_index,
                    (unsigned)c->dst_stride);
    }
    if (c->residual != CEDM_NONE) {
        cg_text_add(text, c->residual == c->dst ? ", into residual"
                                                : ", + residual");
    }
    if (c->post != CEDM_POST_NONE) {
        cg_text_add(text, c->post == CEDM_POST_GELU ? ", gelu" : ", relu");
    }
}

CG_DEFINE_OP(conv);
