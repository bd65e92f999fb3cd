/* SPDX-License-Identifier: MIT
 *
 * place.c - indices become offsets: of tensors in the arena, of weights in
 * the blob. */
#include "codegen/error.h"
#include "codegen/op/operands.h"
#include "codegen/pass/pass.h"
#include "codegen/plan/plan.h"

static bool plan_segment(cg_program *p, uint32_t first, uint32_t count,
                         cg_plan_report *report, cg_error *error)
{
    uint32_t pair[2];
    cg_buffer *buffers = p->buffers + first;
    if (!cg_plan(buffers, count, report, p->memory)) {
        return cg_fail(error, "out of memory while planning");
    }
    if (!cg_plan_check(buffers, count, report->elements, pair)) {
        return cg_fail(error,
                       "memory plan: buffers %u and %u overlap; this is a "
                       "defect of the planner, please report it",
                       pair[0], pair[1]);
    }
    return true;
}

static cedm_ref placed(const cg_program *p, cedm_ref index)
{
    const cg_tensor *t = &p->tensors[index];
    return p->buffers[t->buffer].offset | (t->f32 ? CEDM_REF_F32 : 0u);
}

static void rewrite_refs(cg_program *p)
{
    for (uint32_t i = 0; i < p->op_count; i++) {
        cg_operand operands[CG_MAX_OPERANDS];
        int count = cg_operands(&p->ops[i], operands);
        for (int k = 0; k < count; k++) {
            *operands[k].ref = placed(p, *operands[k].ref);
        }
    }
    for (uint32_t i = 0; i < p->input_count; i++) {
        p->inputs[i].ref = placed(p, p->inputs[i].ref);
    }
    for (uint32_t i = 0; i < p->output_count; i++) {
        p->outputs[i].ref = placed(p, p->outputs[i].ref);
    }
}

static cedm_weight put(cg_program *p, cg_param *ordered, uint32_t index,
                       uint32_t *count)
{
    cg_param *param = &p->params[index];
    if (param->offset == CEDM_NONE) {
        param->offset = (cedm_weight)p->data_elements;
        p->data_elements += (param->elements + CEDM_WEIGHT_ALIGN - 1) /
                            CEDM_WEIGHT_ALIGN * CEDM_WEIGHT_ALIGN;
        ordered[(*count)++] = *param;
    }
    return param->offset;
}

/* Tensors lie in the blob in the order in which the ops read them; those
 * that no op reads are left out. */
static bool place_weights(cg_program *p, cg_error *error)
{
    cg_param *ordered =
        cg_take(p->memory, p->param_count + 1, sizeof(cg_param));
    if (ordered == NULL) {
        return cg_fail(error, "out of memory while planning");
    }
    uint32_t count = 0;
    uint64_t elements = 0;
    /* What the core computes with before any op. */
    cedm_weight *exact[] = {&p->denoiser.features.freqs,
                            &p->denoiser.noise_levels};
    uint32_t exact_count = p->denoises ? 2 : 0;
    for (uint32_t i = 0; i < exact_count; i++) {
        if (*exact[i] != CEDM_NONE) {
            p->params[*exact[i]].exact = true;
        }
    }
    for (uint32_t i = 0; i < p->param_count; i++) {
        p->params[i].offset = CEDM_NONE;
        if (p->params[i].exact && p->dtype == CEDM_DTYPE_F16) {
            p->params[i].elements *= 2; /* floats: see cedm_tensor */
        }
        elements += p->params[i].elements + CEDM_WEIGHT_ALIGN;
    }
    if (elements >= UINT32_MAX) {
        return cg_fail(error, "the network has more than 2^32 weights");
    }
    for (uint32_t i = 0; i < exact_count; i++) {
        if (*exact[i] != CEDM_NONE) {
            *exact[i] = put(p, ordered, *exact[i], &count);
        }
    }
    for (uint32_t i = 0; i < p->op_count; i++) {
        cg_operand weights[CG_MAX_OPERANDS];
        int n = cg_weights(&p->ops[i], weights);
        for (int k = 0; k < n; k++) {
            *weights[k].ref = put(p, ordered, *weights[k].ref, &count);
        }
    }
    p->params = ordered;
    p->param_count = count;
    return true;
}

bool cg_place(cg_program *p, cg_error *error)
{
    uint32_t act = 0;
    uint64_t total = 0;
    while (act < p->buffer_count && !p->buffers[act].f32) {
        act++;
    }
    for (uint32_t i = 0; i < p->buffer_count; i++) {
        total += p->buffers[i].elements;
    }
    if (total >= CEDM_REF_F32) {
        return cg_fail(error, "the network's maps exceed 2^31 elements");
    }
    if (!plan_segment(p, 0, act, &p->act, error) ||
        !plan_segment(p, act, p->buffer_count - act, &p->f32, error) ||
        !place_weights(p, error)) {
        return false;
    }
    rewrite_refs(p);
    p->layout_hash = cg_layout_hash(p);
    return true;
}
