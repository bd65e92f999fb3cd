/* SPDX-License-Identifier: MIT
 *
 * operands.c - one table of members per kind of op. */
#include "ir/operands.h"

static int keep(cg_operand *out, int count, cedm_ref *ref, bool written)
{
    if (*ref == CEDM_NONE) {
        return count;
    }
    out[count].ref = ref;
    out[count].written = written;
    return count + 1;
}

int cg_operands(cg_op *op, cg_operand out[CG_MAX_OPERANDS])
{
    int n = 0;
    switch (op->kind) {
    case CG_OP_embed:
        n = keep(out, n, &op->u.embed.features, false);
        return keep(out, n, &op->u.embed.dst, true);
    case CG_OP_linear:
        n = keep(out, n, &op->u.linear.src, false);
        return keep(out, n, &op->u.linear.dst, true);
    case CG_OP_norm_coeff:
        n = keep(out, n, &op->u.norm_coeff.stats[0], false);
        n = keep(out, n, &op->u.norm_coeff.stats[1], false);
        n = keep(out, n, &op->u.norm_coeff.adaptive_src, false);
        return keep(out, n, &op->u.norm_coeff.dst, true);
    case CG_OP_conv:
        n = keep(out, n, &op->u.conv.src[0], false);
        n = keep(out, n, &op->u.conv.src[1], false);
        n = keep(out, n, &op->u.conv.coeff, false);
        n = keep(out, n, &op->u.conv.skip_src[0], false);
        n = keep(out, n, &op->u.conv.skip_src[1], false);
        n = keep(out, n, &op->u.conv.emb_src, false);
        n = keep(out, n, &op->u.conv.residual, false);
        n = keep(out, n, &op->u.conv.dst, true);
        return keep(out, n, &op->u.conv.stats, true);
    case CG_OP_resample:
        n = keep(out, n, &op->u.resample.src, false);
        n = keep(out, n, &op->u.resample.coeff, false);
        return keep(out, n, &op->u.resample.dst, true);
    case CG_OP_attention:
        n = keep(out, n, &op->u.attention.src, false);
        return keep(out, n, &op->u.attention.dst, true);
    case CG_OP_COUNT:
        break;
    }
    return n;
}

static int keep_weight(cedm_weight **out, int count, cedm_weight *weight)
{
    if (*weight == CEDM_NONE) {
        return count;
    }
    out[count] = weight;
    return count + 1;
}

int cg_weights(cg_op *op, cedm_weight *out[CG_MAX_OPERANDS])
{
    int n = 0;
    switch (op->kind) {
    case CG_OP_embed:
        n = keep_weight(out, n, &op->u.embed.weight);
        return keep_weight(out, n, &op->u.embed.bias);
    case CG_OP_linear:
        n = keep_weight(out, n, &op->u.linear.weight);
        return keep_weight(out, n, &op->u.linear.bias);
    case CG_OP_norm_coeff:
        n = keep_weight(out, n, &op->u.norm_coeff.gamma);
        return keep_weight(out, n, &op->u.norm_coeff.beta);
    case CG_OP_conv:
        n = keep_weight(out, n, &op->u.conv.weight);
        n = keep_weight(out, n, &op->u.conv.bias);
        n = keep_weight(out, n, &op->u.conv.skip_weight);
        return keep_weight(out, n, &op->u.conv.skip_bias);
    case CG_OP_resample:
        return keep_weight(out, n, &op->u.resample.filter);
    case CG_OP_attention:
    case CG_OP_COUNT:
        break;
    }
    return n;
}
