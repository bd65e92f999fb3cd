/* SPDX-License-Identifier: MIT
 *
 * winograd_input.c - what goes into the products of a chunk: its inputs,
 * activated and transformed, and a copy of what dst will lie over.
 *
 * An element is activated once per chunk, sixteen channels at a time, so
 * that what is staged stays in the nearest caches. */
#include "cpu/stage.h"
#include "cpu/winograd.h"
#include "cpu/winograd_tile.h"

/* ---- inputs ------------------------------------------------------------ */

/* Sixteen channels of a chunk's rows of one image: activated, zeros around,
 * the tiles' rows and columns and one more on each side. */
static void stage_panel(const cedm_winograd_chunk *c, uint32_t image,
                        uint32_t channel)
{
    const cedm_conv *op = c->job->op;
    uint32_t m = c->job->plan.m, cin = c->job->plan.cin;
    uint32_t source = channel >= op->cin[0], channels = op->cin[source];
    uint32_t first = channel - (source ? op->cin[0] : 0);
    uint32_t height = c->rows * m + 2, width = c->columns * m + 2;
    uint32_t left = c->column == 0, x = c->column * m - !left;
    uint32_t inside = cedm_smaller(width - left, op->width - x);
    size_t line = (size_t)op->width * channels;
    const float *src = cedm_at(c->job->exec, op->src[source],
                               op->height * line, image) + first;
    const float *a = NULL;
    float *dst = c->staged;

    if (op->act != CEDM_ACT_NONE) {
        a = cedm_at(c->job->exec, op->coeff, 2 * (size_t)cin, image) +
            channel;
    }
    for (uint32_t i = 0; i < height; i++, dst += width * CEDM_PANEL) {
        uint32_t y = c->row * m + i - 1;
        float *to = dst + left * CEDM_PANEL;

        if (y >= op->height) { /* or -1 */
            memset(dst, 0, width * CEDM_PANEL * sizeof *dst);
            continue;
        }
        memset(dst, 0, left * CEDM_PANEL * sizeof *dst);
        CEDM_ISA_NAME(stage_panel)(to, src + y * line + x * channels, inside,
                                   channels, a, a == NULL ? a : a + cin,
                                   op->act);
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
