/* SPDX-License-Identifier: MIT
 *
 * svg.c - NAME.svg: the memory plan as a picture.
 *
 * Across: ops in order.  Up: offset in the segment.  One rectangle for each
 * buffer, coloured by the part of the network that needs it; a pointer over
 * it shows its name. */
#include <inttypes.h>
#include <string.h>

#include "codegen/emit/emit.h"

#define WIDTH 1200.0
#define LEFT 76.0
#define RIGHT 24.0
#define PLOT (WIDTH - LEFT - RIGHT)
#define ACT_TOP 100.0
#define ACT_HEIGHT 460.0
#define F32_TOP (ACT_TOP + ACT_HEIGHT + 84.0)
#define F32_HEIGHT 180.0
#define HEIGHT (F32_TOP + F32_HEIGHT + 56.0)

/* Okabe and Ito's colours, which stay apart for colour-blind readers, mixed
 * with white so that labels can be read. */
static const char *const fills[] = {"#8fcef2", "#f0bf59", "#59c2a2",
                                    "#c4c9cf"};
static const char *const labels[] = {"encoder", "decoder",
                                     "skip, encoder to decoder", "other"};

typedef struct panel {
    bool f32;
    double top, height;
    double dx; /* points of one op */
    double dy; /* points of one element */
    const cg_plan_report *report;
    const char *title;
} panel;

/* 1, 2 or 5 times a power of ten, so that at most `most` steps fit. */
static uint64_t tick_step(uint64_t range, uint64_t most)
{
    static const uint64_t factors[] = {1, 2, 5};

    for (uint64_t decade = 1;; decade *= 10u) {
        for (int i = 0; i < 3; i++) {
            if (range / (factors[i] * decade) <= most) {
                return factors[i] * decade;
            }
        }
    }
}

static void text(cg_out *out, double x, double y, const char *class,
                 const char *words)
{
    cg_out_text(out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>\n",
                class, x, y, words);
}

static void vertical_axis(cg_out *out, const panel *p)
{
    uint64_t kib = (uint64_t)p->report->elements * 4u / 1024u;
    uint64_t step = tick_step(kib, 8);

    for (uint64_t v = 0; v <= kib; v += step) {
        double y = p->top + p->height - (double)(v * 256u) * p->dy;

        cg_out_text(out,
                    "<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/>"
                    "<text class=\"y\" x=\"%.1f\" y=\"%.1f\">%" PRIu64
                    "</text>\n",
                    LEFT, y, LEFT + PLOT, LEFT - 6, y + 4, v);
    }
    cg_out_text(out,
                "<text class=\"axis\" transform=\"translate(%.1f %.1f) "
                "rotate(-90)\">KiB of float</text>\n",
                20.0, p->top + p->height / 2);
}

static void horizontal_axis(cg_out *out, const panel *p, uint32_t op_count)
{
    uint64_t step = tick_step(op_count, 12);
    double y = p->top + p->height;

    for (uint64_t v = 0; v < op_count; v += step) {
        double x = LEFT + ((double)v + 0.5) * p->dx;

        cg_out_text(out,
                    "<path class=\"tick\" d=\"M%.1f %.1fv4\"/>"
                    "<text class=\"x\" x=\"%.1f\" y=\"%.1f\">%" PRIu64
                    "</text>\n",
                    x, y, x, y + 17, v);
    }
    text(out, LEFT + PLOT / 2, y + 36, "axis", "op, in order of evaluation");
}

static void rectangle(cg_out *out, const cg_program *program, const panel *p,
                      uint32_t buffer)
{
    const cg_buffer *b = &program->buffers[buffer];
    int first = b->first < 0 ? 0 : b->first;
    int last = b->last >= (int)program->op_count ? (int)program->op_count - 1
                                                 : b->last;
    double w = (double)(last - first + 1) * p->dx;
    double h = (double)b->elements * p->dy;
    double x = LEFT + (double)first * p->dx;
    double y = p->top + p->height - (double)b->offset * p->dy - h;
    cg_name name;

    cg_buffer_name(program, buffer, name);
    cg_out_text(out,
                "<rect x=\"%.1f\" y=\"%.2f\" width=\"%.1f\" "
                "height=\"%.2f\" fill=\"%s\"><title>%s: %u elements at %u, "
                "ops %d to %d</title></rect>\n",
                x, y, w, h, fills[cg_buffer_role(program, buffer)], name,
                (unsigned)b->elements, (unsigned)b->offset, b->first,
                b->last);
    /* A label where it fits: a letter takes about 5.6 points. */
    if (h >= 13 && w >= 5.6 * (double)strlen(name) + 8) {
        text(out, x + 4, y + h / 2 + 3.5, "name", name);
    }
}

static void bound(cg_out *out, const panel *p)
{
    double y = p->top + p->height - (double)p->report->lower_bound * p->dy;

    cg_out_text(out, "<path class=\"bound\" d=\"M%.1f %.1fH%.1f\"/>\n", LEFT,
                y, LEFT + PLOT);
}

static void draw(cg_out *out, const cg_program *program, panel p)
{
    uint32_t size = p.report->elements > 0 ? p.report->elements : 1;

    p.dx = PLOT / (double)(program->op_count > 0 ? program->op_count : 1);
    p.dy = p.height / (double)size;
    cg_out_text(out,
                "<text class=\"panel\" x=\"%.1f\" y=\"%.1f\">%s: %u "
                "elements an image, lower bound %u, without reuse %u"
                "</text>\n",
                LEFT, p.top - 10, p.title, (unsigned)p.report->elements,
                (unsigned)p.report->lower_bound,
                (unsigned)p.report->no_reuse);
    cg_out_text(out,
                "<rect class=\"plot\" x=\"%.1f\" y=\"%.1f\" "
                "width=\"%.1f\" height=\"%.1f\"/>\n",
                LEFT, p.top, PLOT, p.height);
    vertical_axis(out, &p);
    for (uint32_t i = 0; i < program->buffer_count; i++) {
        if (program->buffers[i].f32 == p.f32) {
            rectangle(out, program, &p, i);
        }
    }
    bound(out, &p);
    horizontal_axis(out, &p, program->op_count);
}

static void legend(cg_out *out)
{
    static const double at[] = {0, 90, 180, 360};

    for (int i = 0; i < 4; i++) {
        double x = LEFT + at[i];

        cg_out_text(out,
                    "<rect x=\"%.1f\" y=\"46\" width=\"12\" "
                    "height=\"12\" fill=\"%s\"/>\n",
                    x, fills[i]);
        text(out, x + 18, 56.5, "key", labels[i]);
    }
    cg_out_text(out, "<path class=\"bound\" d=\"M%.1f 52h24\"/>\n",
                LEFT + 430);
    text(out, LEFT + 460, 56.5, "key", "lower bound");
}

void cg_emit_svg(cg_out *out, const cg_emission *emission)
{
    const cg_program *program = emission->program;
    panel act = {false, ACT_TOP,       ACT_HEIGHT,   0,
                 0,     &program->act, "Activations"};
    panel f32 = {true,
                 F32_TOP,
                 F32_HEIGHT,
                 0,
                 0,
                 &program->f32,
                 "Tensors that are always float"};

    cg_out_text(out,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" "
                "viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" "
                "font-family=\"Helvetica, Arial, sans-serif\">\n",
                WIDTH, HEIGHT, WIDTH, HEIGHT);
    cg_out_text(out, "<style>text{fill:#24292f;font-size:12px}"
                     ".title{font-size:18px;font-weight:bold}"
                     ".panel{font-size:13px;font-weight:bold}"
                     ".name{font-size:10px}"
                     ".x,.axis{text-anchor:middle}.y{text-anchor:end}"
                     "rect{stroke:#fff;stroke-width:.5}"
                     ".plot{fill:#f6f8fa;stroke:#d0d7de}"
                     ".grid{stroke:#d0d7de;stroke-width:.5}"
                     ".tick{stroke:#57606a}"
                     ".bound{stroke:#d55e00;stroke-width:1.5;"
                     "stroke-dasharray:6 4}</style>\n");
    cg_out_text(out, "<rect width=\"%.0f\" height=\"%.0f\" fill=\"#fff\"/>\n",
                WIDTH, HEIGHT);
    cg_out_text(out,
                "<text class=\"title\" x=\"%.1f\" y=\"30\">Memory plan "
                "of %s: one image, %u ops</text>\n",
                LEFT, emission->name, (unsigned)program->op_count);
    legend(out);
    draw(out, program, act);
    draw(out, program, f32);
    cg_out_text(out, "</svg>\n");
}
