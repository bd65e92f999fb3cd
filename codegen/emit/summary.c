/* SPDX-License-Identifier: MIT
 *
 * summary.c - one line that says what an op does, for the comments of
 * NAME.c.  Shapes are channels x height x width, as papers write them. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "codegen/emit/emit.h"

typedef struct text {
    char *bytes;
    size_t used;
} text;

static void add(text *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add(text *t, const char *format, ...)
{
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vsnprintf(t->bytes + t->used, CG_SUMMARY_MAX - t->used, format,
                  arguments);
    va_end(arguments);
    if (n > 0) {
        t->used += (size_t)n;
    }
    if (t->used >= CG_SUMMARY_MAX) {
        t->used = CG_SUMMARY_MAX - 1; /* cut */
    }
}

static void channels(text *t, const uint32_t c[2])
{
    if (c[1] > 0) {
        add(t, "(%u+%u)", (unsigned)c[0], (unsigned)c[1]);
    } else {
        add(t, "%u", (unsigned)c[0]);
    }
}

/* The last part of the module whose coefficients an op applies. */
static void activation(text *t, const cg_program *program, uint32_t op,
                       uint32_t act, cedm_ref coeff)
{
    const char *last = "norm";
    cg_name safe;

    if (act == CEDM_ACT_NONE) {
        return;
    }
    for (uint32_t i = op; i-- > 0;) {
        const cg_op *o = &program->ops[i];

        if (o->kind == CG_OP_norm_coeff && o->u.norm_coeff.dst == coeff) {
            const char *dot = strrchr(o->module, '.');

            last = dot != NULL ? dot + 1 : o->module;
            break;
        }
    }
    cg_safe_name(safe, last);
    add(t, act == CEDM_ACT_SILU ? ", silu(%.40s)" : ", %.40s", safe);
}

static void conv(text *t, const cg_program *program, uint32_t op)
{
    const cedm_conv *c = &program->ops[op].u.conv;

    channels(t, c->cin);
    add(t, "x%ux%u -> %ux%ux%u, %ux%u", (unsigned)c->in_height,
        (unsigned)c->in_width, (unsigned)c->cout, (unsigned)c->height,
        (unsigned)c->width, (unsigned)c->kernel, (unsigned)c->kernel);
    activation(t, program, op, c->act, c->coeff);
    if (c->up != 0) {
        add(t, ", up");
    }
    if (c->stride != 1) {
        add(t, ", stride %u", (unsigned)c->stride);
    }
    if (c->emb_src != CEDM_NONE) {
        add(t, ", + emb");
    }
    if (c->skip_cin[0] > 0) {
        add(t, ", + 1x1 skip of ");
        channels(t, c->skip_cin);
        if (c->skip_up != 0) {
            add(t, ", up");
        }
    }
    if (c->residual != CEDM_NONE) {
        add(t, c->residual == c->dst ? ", into residual" : ", + residual");
    }
}

static void resample(text *t, const cg_program *program, uint32_t op)
{
    static const char *const modes[] = {"down", "up", "filter"};
    const cedm_resample *r = &program->ops[op].u.resample;

    add(t, "%ux%ux%u -> %ux%ux%u, %s, %u tap%s", (unsigned)r->channels,
        (unsigned)r->in_height, (unsigned)r->in_width, (unsigned)r->channels,
        (unsigned)r->height, (unsigned)r->width,
        r->mode < 3 ? modes[r->mode] : "?", (unsigned)r->taps,
        r->taps == 1 ? "" : "s");
    activation(t, program, op, r->act, r->coeff);
}

void cg_op_summary(const cg_program *program, uint32_t op,
                   char bytes[CG_SUMMARY_MAX])
{
    const cg_op *o = &program->ops[op];
    text t = {bytes, 0};

    bytes[0] = '\0';
    switch (o->kind) {
    case CG_OP_embed:
        add(&t, "%u", (unsigned)o->u.embed.channels);
        if (o->u.embed.label_dim > 0) {
            add(&t, " + one of %u clusters", (unsigned)o->u.embed.label_dim);
        }
        break;
    case CG_OP_linear:
        add(&t, "%u -> %u%s", (unsigned)o->u.linear.in,
            (unsigned)o->u.linear.out,
            o->u.linear.act == CEDM_ACT_SILU ? ", silu" : "");
        break;
    case CG_OP_norm_coeff:
        channels(&t, o->u.norm_coeff.channels);
        add(&t, "x%ux%u, %u group%s%s", (unsigned)o->u.norm_coeff.height,
            (unsigned)o->u.norm_coeff.width, (unsigned)o->u.norm_coeff.groups,
            o->u.norm_coeff.groups == 1 ? "" : "s",
            o->u.norm_coeff.adaptive_src != CEDM_NONE ? ", adaptive" : "");
        break;
    case CG_OP_conv: conv(&t, program, op); break;
    case CG_OP_resample: resample(&t, program, op); break;
    case CG_OP_attention:
        add(&t, "%u tokens x %u channels, %u head%s",
            (unsigned)o->u.attention.tokens,
            (unsigned)o->u.attention.channels, (unsigned)o->u.attention.heads,
            o->u.attention.heads == 1 ? "" : "s");
        break;
    case CG_OP_COUNT:
    default: break;
    }
}
