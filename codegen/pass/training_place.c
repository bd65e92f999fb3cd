/* SPDX-License-Identifier: MIT
 *
 * training_place.c - where the tensors and weights of a training program lie.
 *
 * Nothing is in place but what the steps say themselves (a gradient that
 * becomes another tensor's): values of the way forward are needed again, so
 * taking over buffers would find few. */
#include "error.h"
#include "ir/operands.h"
#include "pass/autodiff.h"
#include "plan/plan.h"

static int keep(cedm_ref **out, int count, cedm_ref *ref)
{
    if (*ref == CEDM_NONE) {
        return count;
    }
    out[count] = ref;
    return count + 1;
}

static int norm_grad_operands(cg_norm_grad *op, cedm_ref **out)
{
    int n = keep(out, 0, &op->src[0]);
    n = keep(out, n, &op->src[1]);
    n = keep(out, n, &op->coeff);
    n = keep(out, n, &op->stats[0]);
    n = keep(out, n, &op->stats[1]);
    n = keep(out, n, &op->adaptive_src);
    n = keep(out, n, &op->grad);
    n = keep(out, n, &op->sums);
    n = keep(out, n, &op->adaptive_dst);
    n = keep(out, n, &op->dst[0]);
    return keep(out, n, &op->dst[1]);
}

/* Refs that are not CEDM_NONE; their number. */
static int training_operands(cg_training_op *op,
                             cedm_ref *out[CG_MAX_OPERANDS])
{
    int n = 0;
    switch (op->kind) {
    case CG_TRAINING_augment:
        n = keep(out, n, &op->u.augment.src);
        n = keep(out, n, &op->u.augment.labels);
        return keep(out, n, &op->u.augment.dst);
    case CG_TRAINING_activate:
        n = keep(out, n, &op->u.activate.src[0]);
        n = keep(out, n, &op->u.activate.src[1]);
        n = keep(out, n, &op->u.activate.coeff);
        return keep(out, n, &op->u.activate.dst);
    case CG_TRAINING_norm_grad:
        return norm_grad_operands(&op->u.norm_grad, out);
    case CG_TRAINING_conv_weight:
        n = keep(out, n, &op->u.conv_weight.src);
        return keep(out, n, &op->u.conv_weight.grad);
    case CG_TRAINING_sums:
        n = keep(out, n, &op->u.sums.grad);
        return keep(out, n, &op->u.sums.dst);
    case CG_TRAINING_attention_grad:
        n = keep(out, n, &op->u.attention_grad.src);
        n = keep(out, n, &op->u.attention_grad.grad);
        return keep(out, n, &op->u.attention_grad.dst);
    case CG_TRAINING_embed_grad:
        return keep(out, n, &op->u.embed_grad.grad);
    case CG_TRAINING_silu_grad:
        n = keep(out, n, &op->u.silu_grad.src);
        n = keep(out, n, &op->u.silu_grad.grad);
        return keep(out, n, &op->u.silu_grad.dst);
    case CG_TRAINING_add:
        n = keep(out, n, &op->u.add.src);
        return keep(out, n, &op->u.add.dst);
    case CG_TRAINING_dilate:
        n = keep(out, n, &op->u.dilate.src);
        return keep(out, n, &op->u.dilate.dst);
    case CG_TRAINING_COUNT:
        break;
    }
    return n;
}

static int operands(cg_step *step, cedm_ref *out[CG_MAX_OPERANDS])
{
    cg_operand of_op[CG_MAX_OPERANDS];
    if (step->training) {
        return training_operands(&step->grad, out);
    }
    int count = cg_operands(&step->op, of_op);
    for (int i = 0; i < count; i++) {
        out[i] = of_op[i].ref;
    }
    return count;
}

static int training_weights(cg_training_op *op,
                            cedm_weight *out[CG_MAX_OPERANDS])
{
    int n = 0;
    switch (op->kind) {
    case CG_TRAINING_augment:
        return keep(out, n, &op->u.augment.weight);
    case CG_TRAINING_norm_grad:
        n = keep(out, n, &op->u.norm_grad.gamma);
        return keep(out, n, &op->u.norm_grad.beta);
    case CG_TRAINING_conv_weight:
        return keep(out, n, &op->u.conv_weight.weight);
    case CG_TRAINING_sums:
        n = keep(out, n, &op->u.sums.bias);
        return keep(out, n, &op->u.sums.bias2);
    case CG_TRAINING_embed_grad:
        n = keep(out, n, &op->u.embed_grad.weight);
        return keep(out, n, &op->u.embed_grad.bias);
    case CG_TRAINING_activate:
    case CG_TRAINING_attention_grad:
    case CG_TRAINING_silu_grad:
    case CG_TRAINING_add:
    case CG_TRAINING_dilate:
    case CG_TRAINING_COUNT:
        break;
    }
    return n;
}

/* ---- tensors ------------------------------------------------------------ */

static void touch(cg_tensor *t, int step)
{
    t->first = t->first < 0 ? step : t->first;
    t->last = step;
}

static void find_lives(cg_autodiff *d)
{
    cg_training *t = d->training;
    int forward = (int)t->forward_count;
    touch(&d->tensors[d->program->features_ref], 0);
    touch(&d->tensors[d->program->input_ref], 0);
    if (t->labels_ref != CEDM_NONE) {
        touch(&d->tensors[t->labels_ref], 0);
    }
    for (int i = 0; i < (int)t->step_count; i++) {
        cedm_ref *refs[CG_MAX_OPERANDS];
        int count = operands(&t->steps[i], refs);
        if (i == forward) {
            /* Between the two ways the loss is taken of the output. */
            touch(&d->tensors[d->program->output_ref], i);
            touch(&d->tensors[t->output_grad_ref], i);
        }
        for (int k = 0; k < count; k++) {
            touch(&d->tensors[*refs[k]], i);
        }
    }
}

static bool plan_segment(cg_autodiff *d, bool f32, cg_plan_report *report,
                         cg_error *error)
{
    cg_memory *memory = d->graph->memory;
    cg_buffer *buffers = cg_take(memory, d->tensor_count + 1,
                                 sizeof(cg_buffer));
    uint32_t count = 0, pair[2];
    uint64_t total = 0;
    if (buffers == NULL) {
        return cg_fail(error, "out of memory while planning");
    }
    for (uint32_t i = 0; i < d->tensor_count; i++) {
        cg_tensor *t = &d->tensors[i];
        if (t->f32 == f32 && t->first >= 0) {
            t->buffer = (int)count;
            buffers[count++] = (cg_buffer){
                .elements = (t->elements + CEDM_REF_ALIGN - 1) /
                            CEDM_REF_ALIGN * CEDM_REF_ALIGN,
                .f32 = f32, .first = t->first, .last = t->last};
            total += buffers[count - 1].elements;
        }
    }
    if (total >= CEDM_REF_F32) {
        return cg_fail(error, "the network's maps exceed 2^31 elements");
    }
    if (!cg_plan(buffers, count, report, memory)) {
        return cg_fail(error, "out of memory while planning");
    }
    if (!cg_plan_check(buffers, count, report->elements, pair)) {
        return cg_fail(error, "memory plan: buffers %u and %u overlap; this "
                              "is a defect of the planner, please report it",
                       pair[0], pair[1]);
    }
    for (uint32_t i = 0; i < d->tensor_count; i++) {
        if (d->tensors[i].f32 == f32 && d->tensors[i].first >= 0) {
            d->grad[i] = buffers[d->tensors[i].buffer].offset |
                         (f32 ? CEDM_REF_F32 : 0u);
        }
    }
    return true;
}

/* grad holds the places of the tensors from here on. */
static void rewrite_refs(cg_autodiff *d)
{
    cg_training *t = d->training;
    for (uint32_t i = 0; i < t->step_count; i++) {
        cedm_ref *refs[CG_MAX_OPERANDS];
        int count = operands(&t->steps[i], refs);
        for (int k = 0; k < count; k++) {
            *refs[k] = d->grad[*refs[k]];
        }
    }
    t->features_ref = d->grad[d->program->features_ref];
    t->input_ref = d->grad[d->program->input_ref];
    t->output_ref = d->grad[d->program->output_ref];
    t->output_grad_ref = d->grad[t->output_grad_ref];
    if (t->labels_ref != CEDM_NONE) {
        t->labels_ref = d->grad[t->labels_ref];
    }
}

/* ---- weights ------------------------------------------------------------ */

/* Calls visit for every weight of the program. */
static void each_weight(cg_autodiff *d,
                        void (*visit)(cg_autodiff *, cedm_weight *))
{
    cg_training *t = d->training;
    for (uint32_t i = 0; i < t->step_count; i++) {
        cg_step *step = &t->steps[i];
        cedm_weight *weights[CG_MAX_OPERANDS];
        int count = step->training ? training_weights(&step->grad, weights)
                                   : cg_weights(&step->op, weights);
        for (int k = 0; k < count; k++) {
            visit(d, weights[k]);
        }
    }
    for (uint32_t i = 0; i < t->derived_count; i++) {
        visit(d, &t->derived[i].from);
        visit(d, &t->derived[i].to);
    }
    if (d->program->features.freqs != CEDM_NONE) {
        visit(d, &d->program->features.freqs);
    }
}

enum region { TRAINED, CONSTANT, DERIVED, REGIONS, UNREAD };

static void mark_region(cg_autodiff *d, cedm_weight *weight)
{
    const cg_part *part = &d->graph->params[*weight].parts[0];
    enum region region = part->values != NULL ? CONSTANT : DERIVED;
    if (part->array != NULL) {
        region = *weight == d->program->features.freqs ? CONSTANT : TRAINED;
    }
    d->region[*weight] = (int)region;
}

static void place_weight(cg_autodiff *d, cedm_weight *weight)
{
    *weight = d->graph->params[*weight].offset;
}

/* Params that no step reads are left out: the affine layers one by one. */
static bool place_params(cg_autodiff *d)
{
    cg_training *t = d->training;
    uint32_t count = d->graph->param_count, placed = 0;
    cg_param *ordered = cg_take(d->graph->memory, count + 1,
                                sizeof(cg_param));
    uint64_t at = 0;
    d->region = cg_take(d->graph->memory, count + 1, sizeof(int));
    if (ordered == NULL || d->region == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        d->region[i] = UNREAD;
    }
    each_weight(d, mark_region);
    for (int region = TRAINED; region < REGIONS; region++) {
        for (uint32_t i = 0; i < count; i++) {
            cg_param *param = &d->graph->params[i];
            if (d->region[i] == region) {
                param->offset = (cedm_weight)at;
                at += (param->elements + CEDM_WEIGHT_ALIGN - 1) /
                      CEDM_WEIGHT_ALIGN * CEDM_WEIGHT_ALIGN;
                ordered[placed++] = *param;
            }
        }
        t->trained_elements = region == TRAINED ? at : t->trained_elements;
    }
    t->data_elements = at;
    d->program->params = ordered;
    d->program->param_count = placed;
    return true;
}

bool cg_training_place(cg_autodiff *d, cg_error *error)
{
    find_lives(d);
    if (!plan_segment(d, false, &d->training->act, error) ||
        !plan_segment(d, true, &d->training->f32, error)) {
        return false;
    }
    if (!place_params(d)) {
        return cg_fail(error, "out of memory while planning");
    }
    if (d->training->data_elements >= UINT32_MAX) {
        return cg_fail(error, "the network has more than 2^32 weights");
    }
    rewrite_refs(d);
    each_weight(d, place_weight);
    return true;
}
