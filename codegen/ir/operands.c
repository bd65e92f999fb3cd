/* SPDX-License-Identifier: MIT
 *
 * operands.c - one table of members for the ops of the runtime, and one for
 * those of training. */
#include "codegen/ir/operands.h"

#include <stddef.h>

typedef enum role { READ, WRITTEN, WEIGHT } role;

typedef struct member {
    int kind;
    size_t offset; /* of a cedm_ref or cedm_weight, both of them numbers */
    role role;
} member;

#define OP(kind, member, role)                                               \
    {                                                                        \
        CG_OP_##kind, offsetof(cg_op, u.kind.member), role                   \
    }
#define TRAINING(kind, member, role)                                         \
    {                                                                        \
        CG_TRAINING_##kind, offsetof(cg_training_op, u.kind.member), role    \
    }
#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static const member of_ops[] = {
    OP(embed, features, READ),
    OP(embed, dst, WRITTEN),
    OP(embed, weight, WEIGHT),
    OP(embed, bias, WEIGHT),
    OP(linear, src, READ),
    OP(linear, dst, WRITTEN),
    OP(linear, weight, WEIGHT),
    OP(linear, bias, WEIGHT),
    OP(norm_coeff, stats[0], READ),
    OP(norm_coeff, stats[1], READ),
    OP(norm_coeff, adaptive_src, READ),
    OP(norm_coeff, dst, WRITTEN),
    OP(norm_coeff, gamma, WEIGHT),
    OP(norm_coeff, beta, WEIGHT),
    OP(conv, src[0], READ),
    OP(conv, src[1], READ),
    OP(conv, coeff, READ),
    OP(conv, skip_src[0], READ),
    OP(conv, skip_src[1], READ),
    OP(conv, emb_src, READ),
    OP(conv, residual, READ),
    OP(conv, dst, WRITTEN),
    OP(conv, stats, WRITTEN),
    OP(conv, weight, WEIGHT),
    OP(conv, bias, WEIGHT),
    OP(conv, skip_weight, WEIGHT),
    OP(conv, skip_bias, WEIGHT),
    OP(resample, src, READ),
    OP(resample, coeff, READ),
    OP(resample, dst, WRITTEN),
    OP(resample, filter, WEIGHT),
    OP(attention, src, READ),
    OP(attention, dst, WRITTEN),
};

static const member of_training[] = {
    TRAINING(augment, src, READ),
    TRAINING(augment, labels, READ),
    TRAINING(augment, dst, WRITTEN),
    TRAINING(augment, weight, WEIGHT),
    TRAINING(activate, src[0], READ),
    TRAINING(activate, src[1], READ),
    TRAINING(activate, coeff, READ),
    TRAINING(activate, dst, WRITTEN),
    TRAINING(norm_grad, src[0], READ),
    TRAINING(norm_grad, src[1], READ),
    TRAINING(norm_grad, coeff, READ),
    TRAINING(norm_grad, stats[0], READ),
    TRAINING(norm_grad, stats[1], READ),
    TRAINING(norm_grad, adaptive_src, READ),
    TRAINING(norm_grad, grad, WRITTEN),
    TRAINING(norm_grad, sums, WRITTEN),
    TRAINING(norm_grad, adaptive_dst, WRITTEN),
    TRAINING(norm_grad, dst[0], WRITTEN),
    TRAINING(norm_grad, dst[1], WRITTEN),
    TRAINING(norm_grad, gamma, WEIGHT),
    TRAINING(norm_grad, beta, WEIGHT),
    TRAINING(conv_weight, src, READ),
    TRAINING(conv_weight, grad, READ),
    TRAINING(conv_weight, weight, WEIGHT),
    TRAINING(sums, grad, READ),
    TRAINING(sums, dst, WRITTEN),
    TRAINING(sums, bias, WEIGHT),
    TRAINING(sums, bias2, WEIGHT),
    TRAINING(attention_grad, src, READ),
    TRAINING(attention_grad, grad, READ),
    TRAINING(attention_grad, dst, WRITTEN),
    TRAINING(embed_grad, grad, READ),
    TRAINING(embed_grad, weight, WEIGHT),
    TRAINING(embed_grad, bias, WEIGHT),
    TRAINING(silu_grad, src, READ),
    TRAINING(silu_grad, grad, READ),
    TRAINING(silu_grad, dst, WRITTEN),
    TRAINING(add, src, READ),
    TRAINING(add, dst, WRITTEN),
    TRAINING(dilate, src, READ),
    TRAINING(dilate, dst, WRITTEN),
};

static int list(void *op, int kind, const member *table, size_t count,
                bool weights, cg_operand *out)
{
    int n = 0;

    for (size_t i = 0; i < count; i++) {
        const member *m = &table[i];
        uint32_t *value = (void *)((unsigned char *)op + m->offset);

        if (m->kind == kind && (m->role == WEIGHT) == weights &&
            *value != CEDM_NONE) {
            out[n++] = (cg_operand){value, m->role == WRITTEN};
        }
    }
    return n;
}

int cg_operands(cg_op *op, cg_operand out[CG_MAX_OPERANDS])
{
    return list(op, (int)op->kind, of_ops, COUNT(of_ops), false, out);
}

int cg_weights(cg_op *op, cg_operand out[CG_MAX_OPERANDS])
{
    return list(op, (int)op->kind, of_ops, COUNT(of_ops), true, out);
}

int cg_step_operands(cg_step *step, cg_operand out[CG_MAX_OPERANDS])
{
    return !step->training
               ? cg_operands(&step->op, out)
               : list(&step->grad, (int)step->grad.kind, of_training,
                      COUNT(of_training), false, out);
}

int cg_step_weights(cg_step *step, cg_operand out[CG_MAX_OPERANDS])
{
    return !step->training ? cg_weights(&step->op, out)
                           : list(&step->grad, (int)step->grad.kind,
                                  of_training, COUNT(of_training), true, out);
}
