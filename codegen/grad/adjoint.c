/* SPDX-License-Identifier: MIT
 *
 * adjoint.c - adjoints of vector ops, attention and filters. */
#include "codegen/grad/autodiff.h"

static void conv_weight(cg_autodiff *d, const cg_conv_weight *op)
{
    cg_step_training(d, (cg_training_op){.kind = CG_TRAINING_conv_weight,
                                         .u.conv_weight = *op});
}

/* weight[o][i] += grad[o] src[i] over the images. */
static void outer_products(cg_autodiff *d, cedm_ref src, uint32_t in,
                           cedm_ref grad, uint32_t out, cedm_weight weight)
{
    conv_weight(d, &(cg_conv_weight){.height = 1,
                                     .width = 1,
                                     .in_height = 1,
                                     .in_width = 1,
                                     .cin = in,
                                     .cout = out,
                                     .kernel = 1,
                                     .stride = 1,
                                     .row = in,
                                     .scale = 1.0f,
                                     .src = src,
                                     .grad = grad,
                                     .weight = weight});
}

void cg_adjoint_augment(cg_autodiff *d, cedm_ref augmented)
{
    const cg_training *t = d->training;
    outer_products(d, t->labels_ref, t->augment_dim, d->grad[augmented],
                   d->tensors[augmented].channels,
                   (cedm_weight)d->graph->augment);
}

/* dst = grad, as one of the gradients of a tensor. */
static void pass_on(cg_autodiff *d, cedm_ref tensor, cedm_ref grad)
{
    uint32_t accumulate;
    if (d->grad[tensor] == CEDM_NONE) {
        d->grad[tensor] = grad; /* nobody else reads it any more */
        return;
    }
    cg_add op = {
        .elements = d->tensors[tensor].elements, .scale = 1.0f, .src = grad};
    op.dst = cg_grad_into(d, tensor, &accumulate);
    op.accumulate = accumulate;
    cg_step_training(d,
                     (cg_training_op){.kind = CG_TRAINING_add, .u.add = op});
}

static void adjoint_silu(cg_autodiff *d, const cedm_embed *op)
{
    uint32_t accumulate;
    cg_silu_grad s = {.channels = op->channels,
                      .src = op->features,
                      .grad = d->grad[op->dst]};
    s.dst = cg_grad_into(d, op->features, &accumulate);
    d->failed = d->failed || accumulate; /* it has one reader */
    cg_step_training(
        d, (cg_training_op){.kind = CG_TRAINING_silu_grad, .u.silu_grad = s});
}

void cg_adjoint_embed(cg_autodiff *d, const cedm_embed *op)
{
    if (op->act == CEDM_ACT_SILU) {
        adjoint_silu(d, op);
        return;
    }
    cg_embed_grad e = {.channels = op->channels,
                       .label_dim = op->label_dim,
                       .label_scale = op->label_scale,
                       .grad = d->grad[op->dst],
                       .weight = op->weight,
                       .bias = op->bias};
    cg_step_training(d, (cg_training_op){.kind = CG_TRAINING_embed_grad,
                                         .u.embed_grad = e});
    if (d->needs[op->features]) {
        pass_on(d, op->features, d->grad[op->dst]);
    }
}

void cg_adjoint_linear(cg_autodiff *d, const cedm_linear *op)
{
    uint32_t accumulate;
    cedm_ref grad = d->grad[op->dst];
    cg_sums s = {.pixels = 1,
                 .channels = op->out,
                 .scale = 1.0f,
                 .grad = grad,
                 .stride = op->out,
                 .bias = op->bias,
                 .bias2 = CEDM_NONE};
    s.dst = cg_new_tensor(d, "bias", 1, 1, op->out, true);
    cg_step_training(d,
                     (cg_training_op){.kind = CG_TRAINING_sums, .u.sums = s});
    outer_products(d, op->src, op->in, grad, op->out, op->weight);
    if (!d->needs[op->src]) {
        return;
    }
    cedm_linear data = {.in = op->out,
                        .out = op->in,
                        .act = CEDM_ACT_NONE,
                        .src = grad,
                        .bias = CEDM_NONE};
    data.dst = cg_grad_into(d, op->src, &accumulate);
    d->failed = d->failed || accumulate; /* all affine layers are one op */
    data.weight = cg_derive(d, &(cg_derived){.from = op->weight,
                                             .outputs = op->out,
                                             .kernel = 1,
                                             .row = op->in,
                                             .count = op->in,
                                             .scale = 1.0f});
    cg_step_op(d, (cg_op){.kind = CG_OP_linear,
                          .u.linear = data,
                          .module = d->tensors[op->src].name});
}

void cg_adjoint_attention(cg_autodiff *d, const cedm_attention *op)
{
    uint32_t accumulate;
    cg_attention_grad a = {.tokens = op->tokens,
                           .channels = op->channels,
                           .heads = op->heads,
                           .src = op->src,
                           .grad = d->grad[op->dst]};
    a.dst = cg_grad_into(d, op->src, &accumulate);
    d->failed = d->failed || accumulate; /* qkv has one reader */
    cg_step_training(d, (cg_training_op){.kind = CG_TRAINING_attention_grad,
                                         .u.attention_grad = a});
}

/* DOWN's adjoint is UP, which has the gain 2 in it; UP's is DOWN; SAME's is
 * itself with the taps reversed. */
static cedm_resample filter_adjoint(cg_autodiff *d, const cedm_resample *op)
{
    cedm_resample r = {.height = op->in_height,
                       .width = op->in_width,
                       .in_height = op->height,
                       .in_width = op->width,
                       .channels = op->channels,
                       .taps = op->taps,
                       .pad = op->pad,
                       .act = CEDM_ACT_NONE,
                       .src = d->grad[op->dst],
                       .coeff = CEDM_NONE};
    if (op->mode == CEDM_RESAMPLE_DOWN) {
        r.mode = CEDM_RESAMPLE_UP;
        r.filter = cg_filter(d, op->filter, 0.5, false);
    } else if (op->mode == CEDM_RESAMPLE_UP) {
        r.mode = CEDM_RESAMPLE_DOWN;
        r.filter = cg_filter(d, op->filter, 2.0, false);
    } else {
        r.mode = CEDM_RESAMPLE_SAME;
        r.pad = op->taps - 1 - op->pad;
        r.filter = cg_filter(d, op->filter, 1.0, true);
    }
    return r;
}

void cg_adjoint_resample(cg_autodiff *d, const cedm_resample *op)
{
    const cg_tensor src = d->tensors[op->src];
    if (!d->needs[op->src]) {
        return; /* no parameters before it: only images are filtered so */
    }
    cedm_resample r = filter_adjoint(d, op);
    r.dst = cg_new_tensor(d, src.name, src.height, src.width, src.channels,
                          src.f32);
    cg_step_op(
        d,
        (cg_op){.kind = CG_OP_resample, .u.resample = r, .module = src.name});
    if (op->coeff == CEDM_NONE) {
        pass_on(d, op->src, r.dst);
    } else {
        cg_norm_source n = {.src = {op->src, CEDM_NONE},
                            .coeff = op->coeff,
                            .act = op->act,
                            .layer = CG_NO_DROPOUT};
        cg_adjoint_norm(d, &n, r.dst);
    }
}
