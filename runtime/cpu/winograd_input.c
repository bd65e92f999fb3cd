/* SPDX-License-Identifier: MIT
 *
 * winograd_input.c - what goes into the products of a chunk: its inputs,
 * activated and transformed, and a copy of what dst will lie over.
 *
 * An element is activated once per chunk, sixteen channels at a time, so
 * that what is staged stays in the nearest caches. */
#include "runtime/cpu/stage.h"
#include "runtime/cpu/winograd.h"
#include "runtime/cpu/winograd_tile.h"

/* ---- inputs ------------------------------------------------------------ */

/* Every pixel of a row twice, from x on, in place: `pixels` in all, whose
 * sources lie in order at the row's end. */
static void spread_row(float *row, uint32_t x, uint32_t pixels)
{
    const float *from =
        row + (pixels - (x + pixels + 1) / 2 + x / 2) * CEDM_PANEL;

    for (uint32_t i = 0; i < pixels; i++, row += CEDM_PANEL) {
        v16_store(row, v16_load(from));
        from += (x + i) % 2 * CEDM_PANEL;
    }
}

/* Where sixteen channels of an image come from. */
typedef struct source_panel {
    const float *src, *a, *b; /* a, b: NULL without an activation */
    uint32_t channels;
    size_t line;
} source_panel;

static source_panel source_of(const cedm_winograd_chunk *c, uint32_t image,
                              uint32_t channel)
{
    const cedm_conv *op = c->job->op;
    uint32_t cin = c->job->plan.cin, second = channel >= op->cin[0];
    source_panel s = {.channels = op->cin[second]};

    s.line = (size_t)op->in_width * s.channels;
    s.src = cedm_at(c->job->exec, op->src[second], op->in_height * s.line,
                    image) +
            channel - (second ? op->cin[0] : 0);
    if (op->act != CEDM_ACT_NONE) {
        s.a = cedm_at(c->job->exec, op->coeff, 2 * (size_t)cin, image) +
              channel;
        s.b = s.a + cin;
    }
    return s;
}

/* Sixteen channels of a chunk's rows of one image: activated, zeros around,
 * the tiles' rows and columns and two more, of which padding takes one on
 * each side. */
static void stage_panel(const cedm_winograd_chunk *c, uint32_t image,
                        uint32_t channel)
{
    const cedm_conv *op = c->job->op;
    const source_panel s = source_of(c, image, channel);
    uint32_t m = c->job->plan.m, up = op->up, pad = op->pad[0];
    uint32_t height = c->rows * m + 2, width = c->columns * m + 2;
    uint32_t left = c->column == 0 ? pad : 0, x = c->column * m + left - pad;
    uint32_t inside = cedm_smaller(width - left, (op->in_width << up) - x);
    uint32_t sources = ((x + inside - 1) >> up) - (x >> up) + 1;
    float *dst = c->staged;

    for (uint32_t i = 0; i < height; i++, dst += width * CEDM_PANEL) {
        uint32_t y = c->row * m + i - pad;
        float *to = dst + left * CEDM_PANEL;

        if (y >= op->in_height << up) { /* or -1 */
            memset(dst, 0, width * CEDM_PANEL * sizeof *dst);
            continue;
        }
        if (up && y % 2 != 0 && i > 0) { /* the row above again */
            memcpy(dst, dst - width * CEDM_PANEL,
                   width * CEDM_PANEL * sizeof *dst);
            continue;
        }
        memset(dst, 0, left * CEDM_PANEL * sizeof *dst);
        CEDM_ISA_NAME(stage_panel)
        (to + (inside - sources) * CEDM_PANEL,
         s.src + (y >> up) * s.line + (x >> up) * s.channels, sources,
         s.channels, s.a, s.b, op->act);
        if (up) {
            spread_row(to, x, inside);
        }
        memset(to + inside * CEDM_PANEL, 0,
               (width - left - inside) * CEDM_PANEL * sizeof *dst);
    }
}

CEDM_INLINE void transform_panel(const cedm_winograd_chunk *c, float *out,
                                 const uint32_t n)
{
    const cedm_winograd_plan *plan = &c->job->plan;
    size_t pitch = ((size_t)c->columns * (n - 2) + 2) * CEDM_PANEL;

    for (uint32_t y = 0; y < c->rows; y++) {
        const float *in = c->staged + y * (n - 2) * pitch;

        for (uint32_t x = 0; x < c->columns; x++) {
            winograd_in(out, plan->point, in, pitch, CEDM_PANEL, n);
            in += (size_t)(n - 2) * CEDM_PANEL;
            out += plan->steps;
        }
    }
}

void CEDM_ISA_NAME(winograd_inputs)(const cedm_winograd_chunk *c,
                                    uint32_t panel)
{
    uint32_t channel = panel * CEDM_PANEL, steps = c->job->plan.steps;
    size_t image_tiles = (size_t)c->rows * c->columns;
    float *piece = c->inputs + (size_t)(channel / steps * steps) * c->tiles;

    for (uint32_t i = 0; i < c->images; i++) {
        float *out = piece + i * image_tiles * steps + channel % steps;

        stage_panel(c, c->image + i, channel);
        if (c->job->plan.m == 4) {
            transform_panel(c, out, 6);
        } else {
            transform_panel(c, out, 4);
        }
    }
}

/* ---- the skip's sources ------------------------------------------------ */

/* The one that dst lies over is copied before dst is written. */
void CEDM_ISA_NAME(winograd_copy)(const cedm_winograd_chunk *c)
{
    const cedm_conv *op = c->job->op;
    uint32_t channels = c->job->plan.copied, m = c->job->plan.m;
    uint32_t height = cedm_chunk_height(c);
    size_t width = (size_t)cedm_chunk_width(c) * channels;
    size_t line = (size_t)op->width * channels, map = op->height * line;
    float *to = c->copies;

    for (uint32_t i = 0; i < c->images; i++) {
        const float *src = cedm_at(c->job->exec, op->dst, map, c->image + i) +
                           c->row * m * line + c->column * m * channels;

        for (uint32_t y = 0; y < height; y++, to += width, src += line) {
            memcpy(to, src, width * sizeof *to);
        }
    }
}
