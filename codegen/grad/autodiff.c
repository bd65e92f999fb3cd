/* SPDX-License-Identifier: MIT
 *
 * autodiff.c - a fused program becomes one that also computes its gradient.
 *
 * Forward, ops are taken over, but a linear layer or embedding leaves its
 * value before the activation in a tensor of its own, which the adjoint
 * needs, and a dropout layer's activated map is made by an op of its own.
 * Backward, the ops' adjoints follow in reverse order. */
#include "codegen/grad/autodiff.h"

#include <string.h>

#include "codegen/error.h"
#include "codegen/op/operands.h"
#include "codegen/pass/pass.h"

/* An op has at most this many steps, tensors and derived weights. */
#define STEPS 20u
#define TENSORS 12u
#define DERIVED 4u

/* ---- forward ------------------------------------------------------------ */

/* Takes over a vector op; its activation becomes an op of its own, an
 * embedding without a label. */
static void split_op(cg_autodiff *d, const cg_op *op)
{
    cg_op first = *op;
    bool linear = op->kind == CG_OP_linear;
    uint32_t *act = linear ? &first.u.linear.act : &first.u.embed.act;
    cedm_ref *dst = linear ? &first.u.linear.dst : &first.u.embed.dst;
    const cg_tensor t = d->tensors[*dst];
    cedm_embed silu = {.channels = t.channels,
                       .act = CEDM_ACT_SILU,
                       .dst = *dst,
                       .weight = CEDM_NONE,
                       .bias = CEDM_NONE};
    if (*act == CEDM_ACT_NONE) {
        d->ops[d->op_count++] = *op;
        return;
    }
    *act = CEDM_ACT_NONE;
    *dst = cg_new_tensor(d, t.name, 1, 1, t.channels, t.f32);
    silu.features = *dst;
    d->ops[d->op_count++] = first;
    d->ops[d->op_count++] =
        (cg_op){.kind = CG_OP_embed, .u.embed = silu, .module = op->module};
}

/* All readers of the features read what augmentation made of them. */
static void augment(cg_autodiff *d)
{
    cg_program *p = d->program;
    cg_training *t = d->training;
    const cg_tensor features = d->tensors[p->inputs[CEDM_INPUT_FEATURES].ref];
    t->labels_ref = CEDM_NONE;
    if (d->graph->augment < 0) {
        return;
    }
    t->augment_dim = d->graph->augment_dim;
    t->labels_ref =
        cg_new_tensor(d, "augment_labels", 1, 1, t->augment_dim, true);
    cg_augment op = {.channels = features.channels,
                     .label_dim = t->augment_dim,
                     .src = p->inputs[CEDM_INPUT_FEATURES].ref,
                     .labels = t->labels_ref,
                     .weight = (cedm_weight)d->graph->augment};
    op.dst = cg_new_tensor(d, "map_augment", 1, 1, features.channels, true);
    d->augmented = op.dst;
    d->needs[op.dst] = true;
    cg_step_training(
        d, (cg_training_op){.kind = CG_TRAINING_augment, .u.augment = op});
    for (uint32_t i = 0; i < p->op_count; i++) {
        cg_op *o = &p->ops[i];
        if (o->kind == CG_OP_embed &&
            o->u.embed.features == p->inputs[CEDM_INPUT_FEATURES].ref) {
            o->u.embed.features = op.dst;
        } else if (o->kind == CG_OP_linear &&
                   o->u.linear.src == p->inputs[CEDM_INPUT_FEATURES].ref) {
            o->u.linear.src = op.dst;
        }
    }
}

/* A convolution that reads the activated map after dropout. */
static void dropped_conv(cg_autodiff *d, const cg_op *op, uint32_t layer)
{
    cg_op conv = *op;
    cedm_conv *c = &conv.u.conv;
    cg_activate a = {.height = c->in_height,
                     .width = c->in_width,
                     .channels = {c->cin[0], c->cin[1]},
                     .act = c->act,
                     .layer = layer,
                     .src = {c->src[0], c->src[1]},
                     .coeff = c->coeff};
    c->cin[0] += c->cin[1];
    c->cin[1] = 0;
    a.dst = cg_new_tensor(d, op->module, c->in_height, c->in_width, c->cin[0],
                          false);
    cg_step_training(
        d, (cg_training_op){.kind = CG_TRAINING_activate, .u.activate = a});
    c->src[0] = a.dst;
    c->src[1] = c->coeff = CEDM_NONE;
    c->act = CEDM_ACT_NONE;
    cg_step_op(d, conv);
}

/* Whether a weight is a parameter: filters are made, not trained. */
static bool is_trained(const cg_autodiff *d, cedm_weight weight)
{
    return d->graph->params[weight].parts[0].array != NULL;
}

/* Whether an op's results depend on a parameter: the image does not, nor does
 * a filtered image. */
static void mark_need(cg_autodiff *d, cg_op *op)
{
    cg_operand operands[CG_MAX_OPERANDS];
    bool needs = false;
    int count = cg_weights(op, operands);
    for (int k = 0; k < count; k++) {
        needs = needs || is_trained(d, *operands[k].ref);
    }
    count = cg_operands(op, operands);
    for (int k = 0; k < count; k++) {
        needs = needs || d->needs[*operands[k].ref];
    }
    for (int k = 0; k < count; k++) {
        if (operands[k].written) {
            d->needs[*operands[k].ref] = needs;
        }
    }
}

static void forward(cg_autodiff *d, bool dropout)
{
    cg_program *p = d->program;
    augment(d);
    for (uint32_t i = 0; i < p->op_count; i++) {
        const cg_op *op = &p->ops[i];
        if (op->kind == CG_OP_linear || op->kind == CG_OP_embed) {
            split_op(d, op);
        } else {
            d->ops[d->op_count++] = *op;
        }
    }
    for (uint32_t i = 0; i < d->op_count; i++) {
        cg_op *op = &d->ops[i];
        d->layer[i] = CG_NO_DROPOUT;
        mark_need(d, op);
        if (op->dropout && dropout) {
            d->layer[i] = d->training->dropout_layers++;
            dropped_conv(d, op, d->layer[i]);
        } else {
            cg_step_op(d, *op);
        }
    }
    d->training->forward_count = d->training->step_count;
}

/* ---- backward ----------------------------------------------------------- */

/* An op without an adjoint is one of networks that are not trained. */
typedef void adjoint_fn(cg_autodiff *d, const cg_op *op, uint32_t layer);

static void no_adjoint(cg_autodiff *d, const cg_op *op, uint32_t layer)
{
    (void)layer;
    d->not_trained = cg_op_name(op->kind);
}

static void adjoint_embed(cg_autodiff *d, const cg_op *op, uint32_t layer)
{
    (void)layer;
    cg_adjoint_embed(d, &op->u.embed);
}

static void adjoint_linear(cg_autodiff *d, const cg_op *op, uint32_t layer)
{
    (void)layer;
    cg_adjoint_linear(d, &op->u.linear);
}

/* What only convolutions of encoders have; NULL if this one has nothing. */
static const char *untrained_option(const cedm_conv *c)
{
    return c->post != CEDM_POST_NONE ? "conv with something done last"
           : c->kernel[0] != c->kernel[1] || c->pad[0] != c->pad[1]
               ? "conv whose kernel is no square"
           : c->stride > 2      ? "conv with steps of more than two pixels"
           : c->dst_stride != 0 ? "conv into a part of a map"
                                : NULL;
}

static void adjoint_conv(cg_autodiff *d, const cg_op *op, uint32_t layer)
{
    const char *option = untrained_option(&op->u.conv);
    if (option != NULL) {
        d->not_trained = option;
        return;
    }
    cg_adjoint_conv(d, &op->u.conv, layer);
}

static void adjoint_resample(cg_autodiff *d, const cg_op *op, uint32_t layer)
{
    (void)layer;
    cg_adjoint_resample(d, &op->u.resample);
}

static void adjoint_attention(cg_autodiff *d, const cg_op *op, uint32_t layer)
{
    (void)layer;
    cg_adjoint_attention(d, &op->u.attention);
}

/* The ops that read the coefficients have it in theirs. */
static void adjoint_norm_coeff(cg_autodiff *d, const cg_op *op,
                               uint32_t layer)
{
    (void)d;
    (void)op;
    (void)layer;
}

#pragma GCC diagnostic ignored "-Woverride-init"
static adjoint_fn *const adjoints[CG_OP_COUNT] = {
#define NONE(name) [CG_OP_##name] = no_adjoint,
    CEDM_GRAPH_OPS(NONE)
#undef NONE
        [CG_OP_embed] = adjoint_embed,
    [CG_OP_linear] = adjoint_linear,
    [CG_OP_norm_coeff] = adjoint_norm_coeff,
    [CG_OP_conv] = adjoint_conv,
    [CG_OP_resample] = adjoint_resample,
    [CG_OP_attention] = adjoint_attention,
};

static void backward(cg_autodiff *d)
{
    uint32_t accumulate;
    cedm_ref output = d->program->outputs[0].ref;
    d->training->output_grad_ref = cg_grad_into(d, output, &accumulate);
    for (uint32_t i = d->op_count; i-- > 0;) {
        adjoints[d->ops[i].kind](d, &d->ops[i], d->layer[i]);
    }
    if (d->training->labels_ref != CEDM_NONE) {
        cg_adjoint_augment(d, d->augmented);
    }
}

/* ---- the pass ----------------------------------------------------------- */

static bool start(cg_autodiff *d)
{
    cg_memory *m = d->graph->memory;
    cg_program *p = d->program;
    size_t ops = p->op_count + 1;
    d->tensor_capacity = p->tensor_count + TENSORS * p->op_count + 16;
    d->step_capacity = STEPS * p->op_count + 16;
    d->derived_capacity = DERIVED * p->op_count;
    d->tensors = cg_take(m, d->tensor_capacity, sizeof(cg_tensor));
    d->grad = cg_take(m, d->tensor_capacity, sizeof(cedm_ref));
    d->needs = cg_take(m, d->tensor_capacity, sizeof(bool));
    d->ops = cg_take(m, 2 * ops, sizeof(cg_op));
    d->layer = cg_take(m, 2 * ops, sizeof(uint32_t));
    d->training->steps = cg_take(m, d->step_capacity, sizeof(cg_step));
    d->training->derived =
        cg_take(m, d->derived_capacity, sizeof(cg_derived));
    if (d->tensors == NULL || d->grad == NULL || d->needs == NULL ||
        d->ops == NULL || d->layer == NULL || d->training->steps == NULL ||
        d->training->derived == NULL) {
        return false;
    }
    memcpy(d->tensors, p->tensors, p->tensor_count * sizeof(cg_tensor));
    d->tensor_count = p->tensor_count;
    for (uint32_t i = 0; i < d->tensor_capacity; i++) {
        d->grad[i] = CEDM_NONE;
    }
    return true;
}

bool cg_differentiate(cg_graph *graph, cg_program *program, bool dropout,
                      cg_training *training, cg_error *error)
{
    cg_autodiff d = {.graph = graph,
                     .program = program,
                     .training = training,
                     .ones = CEDM_NONE};
    if (!start(&d)) {
        return cg_fail(error, "out of memory while differentiating");
    }
    forward(&d, dropout);
    backward(&d);
    if (d.not_trained != NULL) {
        return cg_fail(error,
                       "the network has an op that cannot be trained, "
                       "%s; wanted one that denoises",
                       d.not_trained);
    }
    if (d.failed) {
        return cg_fail(error, "the network outgrew the tables of its "
                              "gradient; this is a defect, please report it");
    }
    return cg_training_place(&d, error);
}
