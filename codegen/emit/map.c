/* SPDX-License-Identifier: MIT
 *
 * map.c - NAME.map: the memory plan as text, with its lower bound. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "codegen/emit/emit.h"

#define COLUMNS 72u
#define ROWS 32u

static void segment(cg_out *out, const char *name, const cg_plan_report *r)
{
    double bound = r->lower_bound > 0 ? (double)r->lower_bound : 1.0;
    double gap =
        100.0 * ((double)r->elements - (double)r->lower_bound) / bound;
    double times =
        r->elements > 0 ? (double)r->no_reuse / (double)r->elements : 1.0;

    cg_out_text(out, "%-12s %9u %9u %7.2f%% %9u %5.1fx  %.40s\n", name,
                (unsigned)r->elements, (unsigned)r->lower_bound, gap,
                (unsigned)r->no_reuse, times, r->method);
}

static void summary(cg_out *out, const cg_emission *emission)
{
    const cg_program *p = emission->program;
    uint64_t arena = CEDM_GRAPH_BYTES(p->act.elements, p->f32.elements,
                                      p->scratch_bytes, 1u, 1u);

    if (p->denoises) {
        arena += CEDM_STATE_BYTES((uint64_t)p->denoiser.resolution *
                                      p->denoiser.resolution *
                                      p->denoiser.channels,
                                  p->denoiser.features.channels, 1u);
    }
    cg_out_text(out, "Memory plan of %s, from %s\n(sha256 %s)\n\n",
                emission->name, emission->source, emission->source_sha256);
    cg_out_text(out,
                "One image, in elements.  The bound is the largest sum "
                "of tensors that are alive\nat one op: no plan is smaller.  "
                "Reuse is how often the sum of all tensors\ncontains the "
                "plan.\n\n");
    cg_out_text(out, "%-12s %9s %9s %8s %9s %6s  %s\n", "segment", "placed",
                "bound", "gap", "all", "reuse", "method");
    segment(out, "activations", &p->act);
    segment(out, "f32", &p->f32);
    cg_out_text(out,
                "\nscratch of one worker  %12" PRIu64 " bytes\n"
                "prepared weights       %12" PRIu64 " bytes, at most\n"
                "blob                   %12" PRIu64 " bytes\n"
                "arena                  %12" PRIu64
                " bytes for a batch of 1 and one worker\n\n",
                p->scratch_bytes, p->weights_bytes, emission->blob_bytes,
                arena);
}

static void tensors(cg_out *out, const cg_program *program)
{
    cg_out_text(out, "%-34s %-12s %9s %11s %-4s %10s\n", "tensor",
                "c x h x w", "elements", "ops", "seg", "offset");
    for (uint32_t i = 0; i < program->tensor_count; i++) {
        const cg_tensor *t = &program->tensors[i];
        char shape[40], life[32];
        cg_name name;

        cg_safe_name(name, t->name);
        snprintf(shape, sizeof shape, "%ux%ux%u", (unsigned)t->channels,
                 (unsigned)t->height, (unsigned)t->width);
        snprintf(life, sizeof life, "%d..%d", t->first, t->last);
        cg_out_text(out, "%-34s %-12s %9u %11s %-4s", name, shape,
                    (unsigned)t->elements, life, t->f32 ? "f32" : "act");
        if (t->buffer >= 0 && (uint32_t)t->buffer < program->buffer_count) {
            cg_out_text(out, " %10u\n",
                        (unsigned)program->buffers[t->buffer].offset);
        } else {
            cg_out_text(out, " %10s\n", "-");
        }
    }
}

static char letter(uint32_t buffer)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    return letters[buffer % 52u];
}

/* The buffer of the activation segment that holds an element at an op. */
static char cell(const cg_program *program, int op, uint32_t element)
{
    for (uint32_t i = 0; i < program->buffer_count; i++) {
        const cg_buffer *b = &program->buffers[i];

        if (!b->f32 && op >= b->first && op <= b->last &&
            element >= b->offset && element - b->offset < b->elements) {
            return letter(i);
        }
    }
    return '.';
}

static void picture(cg_out *out, const cg_program *program)
{
    uint32_t columns =
        program->op_count < COLUMNS ? program->op_count : COLUMNS;
    uint64_t size = program->act.elements;

    cg_out_text(out,
                "\nActivations: ops from left to right, offsets from "
                "bottom to top; a letter is a\nbuffer, a dot is free.  Each "
                "character shows the middle of what it stands for.\n\n");
    for (uint32_t r = size > 0 ? ROWS : 0; r-- > 0;) {
        char line[COLUMNS + 1];
        uint32_t element = (uint32_t)((2u * r + 1u) * size / (2u * ROWS));

        for (uint32_t c = 0; c < columns; c++) {
            line[c] = cell(
                program,
                (int)((2ull * c + 1u) * program->op_count / (2u * columns)),
                element);
        }
        line[columns] = '\0';
        cg_out_text(out, "%10u %s\n", (unsigned)(r * size / ROWS), line);
    }
    cg_out_text(out, "%10s 0%*u\n", "op", (int)columns - 1,
                (unsigned)(program->op_count - 1u));
}

void cg_emit_map(cg_out *out, const cg_emission *emission)
{
    summary(out, emission);
    tensors(out, emission->program);
    if (emission->program->op_count > 1) {
        picture(out, emission->program);
    }
}
