/* SPDX-License-Identifier: MIT
 *
 * adjoint_conv.c - the adjoint of a convolution and all that is fused to it:
 *
 *   dst = ( conv(v) + bias + emb + skip(s) + skip_bias + residual ) scale
 *   v = up(dropout(act(norm(src))))
 *
 * Each term gets scale times the gradient of dst, G; scale goes into the
 * derived weights and the scales of the ops, not into another map. */
#include "codegen/grad/autodiff.h"

static cg_training_op training_op(cg_training_kind kind)
{
    return (cg_training_op){.kind = kind};
}

/* ---- biases and the block's vector -------------------------------------- */

static void adjoint_vectors(cg_autodiff *d, const cedm_conv *op,
                            cedm_ref grad)
{
    cg_training_op step = training_op(CG_TRAINING_sums);
    cg_sums *s = &step.u.sums;
    uint32_t accumulate;
    *s = (cg_sums){.pixels = op->height * op->width,
                   .channels = op->cout,
                   .scale = op->scale,
                   .grad = grad,
                   .stride = op->cout,
                   .bias = op->bias,
                   .bias2 = op->skip_bias};
    if (op->emb_src != CEDM_NONE) {
        /* A slice of its own: it is set, whoever sets the others. */
        s->dst = cg_grad_into(d, op->emb_src, &accumulate);
        s->index = op->emb_index;
        s->stride = op->emb_stride;
    } else {
        s->dst = cg_new_tensor(d, "bias", 1, 1, op->cout, true);
    }
    cg_step_training(d, step);
}

/* ---- weights ------------------------------------------------------------ */

/* The map that the kernel passes over, if it is not one that exists. */
static cedm_ref activated(cg_autodiff *d, const cedm_conv *op, uint32_t layer)
{
    uint32_t channels = op->cin[0] + op->cin[1];
    cg_training_op step = training_op(CG_TRAINING_activate);
    cg_activate *a = &step.u.activate;
    *a = (cg_activate){.height = op->in_height,
                       .width = op->in_width,
                       .channels = {op->cin[0], op->cin[1]},
                       .act = op->act,
                       .up = op->up,
                       .layer = layer,
                       .src = {op->src[0], op->src[1]},
                       .coeff = op->coeff};
    a->dst = cg_new_tensor(d, "activated", op->in_height << op->up,
                           op->in_width << op->up, channels, false);
    cg_step_training(d, step);
    return a->dst;
}

static void weight_of(cg_autodiff *d, const cg_conv_weight *op)
{
    cg_training_op step = training_op(CG_TRAINING_conv_weight);
    step.u.conv_weight = *op;
    cg_step_training(d, step);
}

static void adjoint_weight(cg_autodiff *d, const cedm_conv *op,
                           uint32_t layer, cedm_ref grad)
{
    uint32_t row = op->cin[0] + op->cin[1];
    cg_conv_weight w = {.height = op->height,
                        .width = op->width,
                        .in_height = op->in_height << op->up,
                        .in_width = op->in_width << op->up,
                        .cin = row,
                        .cout = op->cout,
                        .kernel = op->kernel[0],
                        .stride = op->stride,
                        .pad = op->pad[0],
                        .row = row,
                        .scale = op->scale,
                        .src = op->src[0],
                        .grad = grad,
                        .weight = op->weight};
    if (op->act != CEDM_ACT_NONE || op->up || op->cin[1] != 0) {
        w.src = activated(d, op, layer);
    }
    weight_of(d, &w);
}

/* ---- sources ------------------------------------------------------------ */

/* Appends dst = conv by data of grad, or dst += with accumulate. */
static void data_conv(cg_autodiff *d, const cedm_conv *op, cedm_weight weight,
                      uint32_t row, uint32_t kernel, uint32_t pad,
                      uint32_t first, cedm_ref grad, cedm_ref dst,
                      bool accumulate)
{
    const cg_tensor in = d->tensors[grad], out = d->tensors[dst];
    cedm_conv c = {.height = out.height,
                   .width = out.width,
                   .in_height = in.height,
                   .in_width = in.width,
                   .cin = {op->cout, 0},
                   .cout = out.channels,
                   .kernel = {kernel, kernel},
                   .stride = 1,
                   .pad = {kernel - 1 - pad, kernel - 1 - pad},
                   .act = CEDM_ACT_NONE,
                   .stat_rows = 1,
                   .scale = 1.0f,
                   .src = {grad, CEDM_NONE},
                   .coeff = CEDM_NONE,
                   .skip_src = {CEDM_NONE, CEDM_NONE},
                   .emb_src = CEDM_NONE,
                   .residual = accumulate ? dst : CEDM_NONE,
                   .dst = dst,
                   .stats = CEDM_NONE,
                   .bias = CEDM_NONE,
                   .skip_weight = CEDM_NONE,
                   .skip_bias = CEDM_NONE};
    c.weight = cg_derive(d, &(cg_derived){.from = weight,
                                          .outputs = op->cout,
                                          .kernel = kernel,
                                          .row = row,
                                          .first = first,
                                          .count = out.channels,
                                          .scale = op->scale});
    cg_step_op(d,
               (cg_op){.kind = CG_OP_conv, .u.conv = c, .module = out.name});
}

static cedm_ref dilated(cg_autodiff *d, cedm_ref grad)
{
    const cg_tensor g = d->tensors[grad];
    cg_training_op step = training_op(CG_TRAINING_dilate);
    cg_dilate *s = &step.u.dilate;
    *s = (cg_dilate){.height = g.height,
                     .width = g.width,
                     .channels = g.channels,
                     .src = grad};
    s->dst = cg_new_tensor(d, g.name, 2 * g.height - 1, 2 * g.width - 1,
                           g.channels, g.f32);
    cg_step_training(d, step);
    return s->dst;
}

/* The gradient of what the kernel passes over, as one new map. */
static cedm_ref source_grad(cg_autodiff *d, const cedm_conv *op,
                            cedm_ref grad)
{
    uint32_t row = op->cin[0] + op->cin[1];
    cedm_ref from = op->stride == 2 ? dilated(d, grad) : grad;
    cedm_ref dst = cg_new_tensor(d, "source_grad", op->in_height << op->up,
                                 op->in_width << op->up, row, false);
    data_conv(d, op, op->weight, row, op->kernel[0], op->pad[0], 0, from, dst,
              false);
    return op->up ? cg_pooled(d, dst) : dst;
}

/* Straight into the gradients of sources without a norm. */
static void adjoint_plain_sources(cg_autodiff *d, const cedm_conv *op,
                                  cedm_ref grad)
{
    uint32_t row = op->cin[0] + op->cin[1], first = 0, accumulate;
    cedm_ref from = op->stride == 2 ? dilated(d, grad) : grad;
    for (int s = 0; s < 2 && op->cin[s] != 0; s++) {
        if (d->needs[op->src[s]]) {
            cedm_ref dst = cg_grad_into(d, op->src[s], &accumulate);
            data_conv(d, op, op->weight, row, op->kernel[0], op->pad[0],
                      first, from, dst, accumulate);
        }
        first += op->cin[s];
    }
}

static void adjoint_sources(cg_autodiff *d, const cedm_conv *op,
                            uint32_t layer, cedm_ref grad)
{
    if (op->coeff != CEDM_NONE) {
        cg_norm_source n = {.src = {op->src[0], op->src[1]},
                            .coeff = op->coeff,
                            .act = op->act,
                            .layer = layer};
        cg_adjoint_norm(d, &n, source_grad(d, op, grad));
    } else if (op->up) {
        d->failed = true; /* an up-sampling always follows a norm */
    } else {
        adjoint_plain_sources(d, op, grad);
    }
}

/* ---- skip and residual -------------------------------------------------- */

/* A 1x1 convolution commutes with the enlargement before it: both its
 * adjoints work on the pooled gradient. */
static void adjoint_skip(cg_autodiff *d, const cedm_conv *op, cedm_ref grad)
{
    uint32_t row = op->skip_cin[0] + op->skip_cin[1], first = 0, accumulate;
    if (row == 0) {
        return;
    }
    if (op->skip_up) {
        grad = cg_pooled(d, grad);
    }
    for (int s = 0; s < 2 && op->skip_cin[s] != 0; s++) {
        const cg_tensor t = d->tensors[op->skip_src[s]];
        weight_of(d, &(cg_conv_weight){.height = t.height,
                                       .width = t.width,
                                       .in_height = t.height,
                                       .in_width = t.width,
                                       .cin = t.channels,
                                       .cout = op->cout,
                                       .kernel = 1,
                                       .stride = 1,
                                       .row = row,
                                       .first = first,
                                       .scale = op->scale,
                                       .src = op->skip_src[s],
                                       .grad = grad,
                                       .weight = op->skip_weight});
        if (d->needs[op->skip_src[s]]) {
            cedm_ref dst = cg_grad_into(d, op->skip_src[s], &accumulate);
            data_conv(d, op, op->skip_weight, row, 1, 0, first, grad, dst,
                      accumulate);
        }
        first += op->skip_cin[s];
    }
}

/* Comes last: grad may become the residual's gradient in place. */
static void adjoint_residual(cg_autodiff *d, const cedm_conv *op,
                             cedm_ref grad)
{
    if (op->residual == CEDM_NONE || !d->needs[op->residual]) {
        return;
    }
    cg_training_op step = training_op(CG_TRAINING_add);
    cg_add *a = &step.u.add;
    *a = (cg_add){.elements = d->tensors[op->residual].elements,
                  .scale = op->scale,
                  .src = grad,
                  .dst = grad};
    if (d->grad[op->residual] != CEDM_NONE) {
        a->dst = cg_grad_into(d, op->residual, &a->accumulate);
    } else {
        d->grad[op->residual] = grad;
    }
    if (a->accumulate || a->scale != 1.0f) {
        cg_step_training(d, step);
    }
}

void cg_adjoint_conv(cg_autodiff *d, const cedm_conv *op, uint32_t layer)
{
    cedm_ref grad = d->grad[op->dst];
    if (grad == CEDM_NONE) {
        d->failed = true; /* a result that nobody reads */
        return;
    }
    adjoint_vectors(d, op, grad);
    adjoint_weight(d, op, layer, grad);
    adjoint_sources(d, op, layer, grad);
    adjoint_skip(d, op, grad);
    adjoint_residual(d, op, grad);
}
