/* SPDX-License-Identifier: MIT
 *
 * lives.c - when each tensor is alive, and which tensors share a buffer.
 *
 * A convolution may store its result over its residual, or over a skip source
 * of the same shape, when nobody reads that afterwards: backends read a
 * pixel's skip and residual before they write the pixel (cedm_ops.h). */
#include "codegen/error.h"
#include "codegen/op/operands.h"
#include "codegen/pass/pass.h"

static void touch(cg_tensor *t, int op)
{
    t->first = t->first < 0 ? op : t->first;
    t->last = op;
}

static void find_lives(cg_program *p)
{
    /* Written before the first op; read after the last one. */
    for (uint32_t i = 0; i < p->input_count; i++) {
        touch(&p->tensors[p->inputs[i].ref], 0);
    }
    for (uint32_t i = 0; i < p->op_count; i++) {
        cg_operand operands[CG_MAX_OPERANDS];
        int count = cg_operands(&p->ops[i], operands);
        for (int k = 0; k < count; k++) {
            touch(&p->tensors[*operands[k].ref], (int)i);
        }
    }
    for (uint32_t i = 0; i < p->output_count; i++) {
        touch(&p->tensors[p->outputs[i].ref], (int)p->op_count);
    }
}

static bool may_overwrite(const cg_program *p, const cedm_conv *c,
                          cedm_ref source, int op)
{
    if (source == CEDM_NONE || source == c->src[0] || source == c->src[1]) {
        return false;
    }
    const cg_tensor *s = &p->tensors[source];
    const cg_tensor *d = &p->tensors[c->dst];
    return s->last == op && s->f32 == d->f32 && s->height == d->height &&
           s->width == d->width && s->channels == d->channels;
}

/* The tensor whose buffer the op's result takes over, or CEDM_NONE. */
static cedm_ref taken_over(const cg_program *p, const cg_op *op, int i)
{
    if (op->kind != CG_OP_conv) {
        return CEDM_NONE;
    }
    const cedm_conv *c = &op->u.conv;
    if (may_overwrite(p, c, c->residual, i)) {
        return c->residual;
    }
    for (int s = 0; s < 2; s++) {
        if (!c->skip_up && may_overwrite(p, c, c->skip_src[s], i)) {
            return c->skip_src[s];
        }
    }
    return CEDM_NONE;
}

static void new_buffer(cg_program *p, cg_tensor *t)
{
    cg_buffer *b = &p->buffers[p->buffer_count];
    b->elements =
        (t->elements + CEDM_REF_ALIGN - 1) / CEDM_REF_ALIGN * CEDM_REF_ALIGN;
    b->f32 = t->f32;
    b->first = t->first;
    b->last = t->last;
    t->buffer = (int)p->buffer_count++;
}

/* Buffers of one segment, in order of first use. */
static void assign_buffers(cg_program *p, const cedm_ref *over, bool f32)
{
    for (uint32_t i = 0; i < p->tensor_count; i++) {
        cg_tensor *t = &p->tensors[i];
        if (t->f32 != f32) {
            continue;
        }
        if (over[i] == CEDM_NONE) {
            new_buffer(p, t);
            continue;
        }
        t->buffer = p->tensors[over[i]].buffer;
        p->buffers[t->buffer].last = t->last;
    }
}

bool cg_lives(cg_program *p, cg_error *error)
{
    cg_memory *memory = p->memory;
    cedm_ref *over = cg_take(memory, p->tensor_count, sizeof(cedm_ref));
    p->buffers = cg_take(memory, p->tensor_count, sizeof(cg_buffer));
    if (over == NULL || p->buffers == NULL) {
        return cg_fail(error, "out of memory while planning");
    }
    find_lives(p);
    for (uint32_t i = 0; i < p->tensor_count; i++) {
        over[i] = CEDM_NONE;
    }
    for (uint32_t i = 0; i < p->op_count; i++) {
        cedm_ref source = taken_over(p, &p->ops[i], (int)i);
        if (source != CEDM_NONE) {
            over[p->ops[i].u.conv.dst] = source;
        }
    }
    assign_buffers(p, over, false);
    assign_buffers(p, over, true);
    return true;
}
