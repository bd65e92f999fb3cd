/* SPDX-License-Identifier: MIT
 *
 * adjoint_norm.c - the adjoint of a group norm, its activation and dropout,
 * which every reader of a normalised map has in front of it. */
#include "codegen/grad/autodiff.h"

static const cedm_norm_coeff *norm_of(const cg_autodiff *d, cedm_ref coeff)
{
    for (uint32_t i = 0; i < d->op_count; i++) {
        const cg_op *op = &d->ops[i];
        if (op->kind == CG_OP_norm_coeff && op->u.norm_coeff.dst == coeff) {
            return &op->u.norm_coeff;
        }
    }
    return NULL;
}

void cg_adjoint_norm(cg_autodiff *d, const cg_norm_source *source,
                     cedm_ref grad)
{
    const cedm_norm_coeff *norm = norm_of(d, source->coeff);
    uint32_t accumulate;
    if (norm == NULL) {
        d->failed = true;
        return;
    }
    cg_training_op op = {.kind = CG_TRAINING_norm_grad};
    cg_norm_grad *n = &op.u.norm_grad;
    *n = (cg_norm_grad){.height = norm->height,
                        .width = norm->width,
                        .groups = norm->groups,
                        .stat_rows = norm->stat_rows,
                        .eps = norm->eps,
                        .act = source->act,
                        .layer = source->layer,
                        .coeff = source->coeff,
                        .adaptive_index = norm->adaptive_index,
                        .adaptive_stride = norm->adaptive_stride,
                        .adaptive_src = norm->adaptive_src,
                        .adaptive_dst = CEDM_NONE,
                        .grad = grad,
                        .gamma = norm->gamma,
                        .beta = norm->beta};
    for (int s = 0; s < 2; s++) {
        n->channels[s] = norm->channels[s];
        n->stats[s] = norm->stats[s];
        n->src[s] = source->src[s];
        n->dst[s] = CEDM_NONE;
        if (n->channels[s] != 0 && d->needs[n->src[s]]) {
            n->dst[s] = cg_grad_into(d, n->src[s], &n->accumulate[s]);
        }
    }
    n->sums = cg_new_tensor(d, "norm_sums", 1, 2,
                            n->channels[0] + n->channels[1], true);
    if (n->adaptive_src != CEDM_NONE) {
        n->adaptive_dst = cg_grad_into(d, n->adaptive_src, &accumulate);
    }
    cg_step_training(d, op);
}
