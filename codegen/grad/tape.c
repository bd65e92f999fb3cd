/* SPDX-License-Identifier: MIT
 *
 * tape.c - what the way forward and the adjoints are recorded with: steps,
 * their tensors and derived weights. */
#include "codegen/grad/autodiff.h"

cedm_ref cg_new_tensor(cg_autodiff *d, const char *name, uint32_t height,
                       uint32_t width, uint32_t channels, bool f32)
{
    if (d->tensor_count == d->tensor_capacity) {
        d->failed = true;
        return 0;
    }
    cg_tensor *t = &d->tensors[d->tensor_count];
    *t = (cg_tensor){.name = name,
                     .height = height,
                     .width = width,
                     .channels = channels,
                     .elements = height * width * channels,
                     .f32 = f32,
                     .first = -1,
                     .last = -1,
                     .buffer = -1};
    return d->tensor_count++;
}

cedm_ref cg_grad_into(cg_autodiff *d, cedm_ref tensor, uint32_t *accumulate)
{
    const cg_tensor t = d->tensors[tensor];
    *accumulate = d->grad[tensor] != CEDM_NONE;
    if (!*accumulate) {
        d->grad[tensor] =
            cg_new_tensor(d, t.name, t.height, t.width, t.channels, t.f32);
    }
    return d->grad[tensor];
}

static cg_step *next_step(cg_autodiff *d)
{
    if (d->training->step_count == d->step_capacity) {
        d->failed = true;
        return &d->training->steps[0];
    }
    return &d->training->steps[d->training->step_count++];
}

void cg_step_op(cg_autodiff *d, cg_op op)
{
    uint32_t id = d->training->step_count;
    op.u.embed.id = id; /* the first member of every descriptor */
    next_step(d)->op = op;
}

void cg_step_training(cg_autodiff *d, cg_training_op op)
{
    uint32_t id = d->training->step_count;
    op.u.augment.id = id;
    cg_step *step = next_step(d);
    step->training = true;
    step->grad = op;
}

static cedm_weight add_param(cg_autodiff *d, const char *name,
                             const float *values, uint32_t elements)
{
    cg_part part = {.values = values, .elements = elements};
    cedm_weight index = (cedm_weight)cg_param_add(d->graph, name, &part, 1);
    d->failed = d->failed || d->graph->failed;
    return index;
}

cedm_weight cg_derive(cg_autodiff *d, const cg_derived *derived)
{
    cg_training *t = d->training;
    if (t->derived_count == d->derived_capacity) {
        d->failed = true;
        return 0;
    }
    cg_derived *to = &t->derived[t->derived_count++];
    *to = *derived;
    to->to = add_param(d, "derived", NULL,
                       derived->count * derived->kernel * derived->kernel *
                           derived->outputs);
    return to->to;
}

cedm_weight cg_filter(cg_autodiff *d, cedm_weight filter, double factor,
                      bool reversed)
{
    uint32_t taps = d->graph->taps;
    const float *from = d->graph->params[filter].parts[0].values;
    float *values = cg_take(d->graph->memory, taps, sizeof(float));
    if (values == NULL) {
        d->failed = true;
        return filter;
    }
    for (uint32_t i = 0; i < taps; i++) {
        values[i] =
            (float)(factor * (double)from[reversed ? taps - 1 - i : i]);
    }
    return add_param(d, "adjoint_filter", values, taps);
}

cedm_ref cg_pooled(cg_autodiff *d, cedm_ref src)
{
    static const float ones[2] = {1.0f, 1.0f};
    const cg_tensor s = d->tensors[src];
    if (d->ones == CEDM_NONE) {
        d->ones = add_param(d, "sum_of_two", ones, 2);
    }
    cedm_resample op = {.mode = CEDM_RESAMPLE_DOWN,
                        .height = s.height / 2,
                        .width = s.width / 2,
                        .in_height = s.height,
                        .in_width = s.width,
                        .channels = s.channels,
                        .taps = 2,
                        .act = CEDM_ACT_NONE,
                        .src = src,
                        .coeff = CEDM_NONE,
                        .filter = d->ones};
    op.dst =
        cg_new_tensor(d, "pooled", op.height, op.width, s.channels, s.f32);
    cg_step_op(
        d,
        (cg_op){.kind = CG_OP_resample, .u.resample = op, .module = s.name});
    return op.dst;
}
