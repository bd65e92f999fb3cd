/* SPDX-License-Identifier: MIT
 *
 * training_place.c - where the tensors and weights of a training program lie.
 *
 * Nothing is in place but what the steps say themselves (a gradient that
 * becomes another tensor's): values of the way forward are needed again, so
 * taking over buffers would find few. */
#include "codegen/error.h"
#include "codegen/op/operands.h"
#include "codegen/grad/autodiff.h"
#include "codegen/plan/plan.h"

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
    touch(&d->tensors[d->program->inputs[CEDM_INPUT_FEATURES].ref], 0);
    touch(&d->tensors[d->program->inputs[CEDM_INPUT_IMAGE].ref], 0);
    if (t->labels_ref != CEDM_NONE) {
        touch(&d->tensors[t->labels_ref], 0);
    }
    for (int i = 0; i < (int)t->step_count; i++) {
        cg_operand operands[CG_MAX_OPERANDS];
        int count = cg_step_operands(&t->steps[i], operands);
        if (i == forward) {
            /* Between the two ways the loss is taken of the output. */
            touch(&d->tensors[d->program->outputs[0].ref], i);
            touch(&d->tensors[t->output_grad_ref], i);
        }
        for (int k = 0; k < count; k++) {
            touch(&d->tensors[*operands[k].ref], i);
        }
    }
}

static bool plan_segment(cg_autodiff *d, bool f32, cg_plan_report *report,
                         cg_error *error)
{
    cg_memory *memory = d->graph->memory;
    cg_buffer *buffers =
        cg_take(memory, d->tensor_count + 1, sizeof(cg_buffer));
    uint32_t count = 0, pair[2];
    uint64_t total = 0;
    if (buffers == NULL) {
        return cg_fail(error, "out of memory while planning");
    }
    for (uint32_t i = 0; i < d->tensor_count; i++) {
        cg_tensor *t = &d->tensors[i];
        if (t->f32 == f32 && t->first >= 0) {
            t->buffer = (int)count;
            buffers[count++] =
                (cg_buffer){.elements = (t->elements + CEDM_REF_ALIGN - 1) /
                                        CEDM_REF_ALIGN * CEDM_REF_ALIGN,
                            .f32 = f32,
                            .first = t->first,
                            .last = t->last};
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
        return cg_fail(error,
                       "memory plan: buffers %u and %u overlap; this "
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
        cg_operand operands[CG_MAX_OPERANDS];
        int count = cg_step_operands(&t->steps[i], operands);
        for (int k = 0; k < count; k++) {
            *operands[k].ref = d->grad[*operands[k].ref];
        }
    }
    t->features_ref = d->grad[d->program->inputs[CEDM_INPUT_FEATURES].ref];
    t->input_ref = d->grad[d->program->inputs[CEDM_INPUT_IMAGE].ref];
    t->output_ref = d->grad[d->program->outputs[0].ref];
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
        cg_operand weights[CG_MAX_OPERANDS];
        int count = cg_step_weights(&t->steps[i], weights);
        for (int k = 0; k < count; k++) {
            visit(d, weights[k].ref);
        }
    }
    for (uint32_t i = 0; i < t->derived_count; i++) {
        visit(d, &t->derived[i].from);
        visit(d, &t->derived[i].to);
    }
    if (d->program->denoiser.features.freqs != CEDM_NONE) {
        visit(d, &d->program->denoiser.features.freqs);
    }
}

enum region { TRAINED, CONSTANT, DERIVED, REGIONS, UNREAD };

static void mark_region(cg_autodiff *d, cedm_weight *weight)
{
    const cg_part *part = &d->graph->params[*weight].parts[0];
    enum region region = part->values != NULL ? CONSTANT : DERIVED;
    if (part->array != NULL) {
        region = *weight == d->program->denoiser.features.freqs ? CONSTANT
                                                                : TRAINED;
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
    cg_param *ordered =
        cg_take(d->graph->memory, count + 1, sizeof(cg_param));
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
