/* SPDX-License-Identifier: MIT
 *
 * conv_multiply.c - some panels of outputs of a staged strip, chunk of K by
 * chunk.  Panels that are whole go through the micro-kernel together. */
#include <string.h>

#include "runtime/cpu/conv.h"
#include "runtime/cpu/vec_post.h"
#include "runtime/cpu/tile.h"
#include "runtime/ops/post.h"

/* Some panels of one phase of one staged image. */
typedef struct conv_pass {
    const cedm_conv_strip *strip;
    const float *source, *skip; /* at the phase's first tap */
    uint32_t phase, panel, panels;
    uint32_t columns; /* of the one panel that is not whole, or 0 */
    float *dst;       /* at the phase's first pixel */
    const float *residual;
    float init[CEDM_TILE_PANELS * CEDM_PANEL];
} conv_pass;

/* The last step of a tile for a panel that is not whole. */
static void write_part(const conv_pass *pass, uint32_t first, uint32_t end)
{
    const cedm_conv_strip *s = pass->strip;
    const float *sums = s->sums;

    for (uint32_t p = first; p < end; p++, sums += CEDM_PANEL) {
        size_t at = s->dst_at[p];

        for (uint32_t c = 0; c < pass->columns; c++) {
            float sum = sums[c];

            if (pass->residual != NULL) {
                sum += pass->residual[at + c];
            }
            pass->dst[at + c] =
                cedm_post(sum * s->job->op->scale, s->job->op->post);
        }
    }
}

/* The last of all, of panels that are whole: what a tile has just written is
 * near. */
static void apply_post(const conv_pass *pass, uint32_t first, uint32_t end)
{
    const cedm_conv_strip *s = pass->strip;
    uint32_t columns = pass->panels * CEDM_PANEL;

    for (uint32_t p = first; p < end; p++) {
        float *dst = pass->dst + s->dst_at[p];

        if (s->job->op->post == CEDM_POST_GELU) {
            for (uint32_t c = 0; c < columns; c += CEDM_PANEL) {
                v16_store(dst + c, v16_gelu(v16_load(dst + c)));
            }
        } else {
            for (uint32_t c = 0; c < columns; c += CEDM_PANEL) {
                v16_store(dst + c,
                          v16_post(v16_load(dst + c), CEDM_POST_RELU));
            }
        }
    }
}

/* Of one chunk, at the pass's phase. */
static const float *weights_of(const conv_pass *pass,
                               const cedm_conv_chunk *chunk, uint32_t panel)
{
    return chunk->b + panel * chunk->panel + pass->phase * chunk->phase;
}

/* What is multiplied by after chunk `index`: the next, or the first of the
 * next panels. */
static const float *weights_after(const conv_pass *pass, uint32_t index)
{
    const cedm_conv_job *job = pass->strip->job;

    return index + 1 < job->chunk_count
               ? weights_of(pass, &job->chunks[index + 1], pass->panel)
               : weights_of(pass, job->chunks, pass->panel + pass->panels);
}

/* Pixels first..end-1 over one chunk. */
static void run_chunk(const conv_pass *pass, uint32_t index, uint32_t first,
                      uint32_t end)
{
    const cedm_conv_strip *s = pass->strip;
    const cedm_conv_chunk *chunk = &s->job->chunks[index];
    const uint32_t *at = chunk->skip ? s->skip_at : s->source_at;
    int closes = index + 1 == s->job->chunk_count;
    cedm_tile tile = {
        .a = (chunk->skip ? pass->skip : pass->source) + chunk->a,
        .a_at = at + first,
        .b = weights_of(pass, chunk, pass->panel),
        .ahead = weights_after(pass, index),
        .runs = chunk->runs,
        .length = chunk->length,
        .step = chunk->step,
        .panels = pass->panels,
        .paired = s->job->plan.paired,
        .b_panel = chunk->panel,
        .init_panel = CEDM_PANEL,
        .out_panel = CEDM_BLOCK * CEDM_PANEL,
        .init = pass->init,
        .out = s->sums,
        .out_at = s->sums_at,
        .scale = 1.0f,
    };

    if (index != 0) {
        tile.init = s->sums;
        tile.init_step = CEDM_PANEL;
        tile.init_panel = tile.out_panel;
    }
    if (closes && pass->columns == 0) {
        tile.out = pass->dst;
        tile.out_at = s->dst_at + first;
        tile.out_panel = CEDM_PANEL;
        tile.add = pass->residual;
        tile.scale = s->job->op->scale;
    }
    CEDM_ISA_NAME(tile)(&tile, end - first);
    if (closes && pass->columns != 0) {
        write_part(pass, first, end);
    } else if (closes && s->job->op->post != CEDM_POST_NONE) {
        apply_post(pass, first, end);
    }
}

static void run_pass(const conv_pass *pass)
{
    const cedm_conv_strip *s = pass->strip;
    uint32_t pixels = s->rows * s->job->plan.width;
    int direct = s->job->chunk_count == 1 && pass->columns == 0;
    uint32_t block =
        direct && s->job->op->post == CEDM_POST_NONE ? pixels : CEDM_BLOCK;

    for (uint32_t first = 0; first < pixels; first += block) {
        uint32_t end = pixels - first < block ? pixels : first + block;

        for (uint32_t i = 0; i < s->job->chunk_count; i++) {
            run_chunk(pass, i, first, end);
        }
    }
}

/* bias + emb of the panels' channels. */
static void set_init(conv_pass *pass, uint32_t image)
{
    const cedm_conv_strip *s = pass->strip;
    const cedm_conv *op = s->job->op;
    uint32_t first = pass->panel * CEDM_PANEL;
    uint32_t count = pass->panels * CEDM_PANEL;

    memcpy(pass->init, s->job->bias + first, count * sizeof *pass->init);
    if (op->emb_src != CEDM_NONE) {
        const float *emb =
            cedm_at(s->exec, op->emb_src, op->emb_stride, image) +
            op->emb_index + first;

        count = pass->columns != 0 ? pass->columns : count;
        for (uint32_t c = 0; c < count; c++) {
            pass->init[c] += emb[c];
        }
    }
}

/* Image i of the strip. */
static void run_image(const cedm_conv_strip *s, uint32_t i, conv_pass pass)
{
    const cedm_conv *op = s->job->op;
    const cedm_conv_plan *plan = &s->job->plan;
    uint32_t py = pass.phase / 2, px = pass.phase % 2, image = s->image + i;
    size_t stride = cedm_dst_stride(op->dst_stride, op->cout);
    size_t map = (size_t)op->height * op->width * stride;
    size_t first = (size_t)((s->row << op->up) + py) * op->width + px;
    size_t shift = first * stride + (size_t)pass.panel * CEDM_PANEL;

    pass.source = s->source + i * plan->source + py * plan->pitch +
                  (size_t)px * plan->cin;
    pass.skip = s->skip + i * plan->skip;
    if (!op->skip_up) {
        pass.skip += (size_t)(py * op->width + px) * plan->skip_cin;
    }
    pass.dst = cedm_at(s->exec, op->dst, map, image) + op->dst_index + shift;
    if (op->residual != CEDM_NONE) {
        pass.residual = cedm_at(s->exec, op->residual, map, image) + shift;
    }
    set_init(&pass, image);
    run_pass(&pass);
}

/* Panels from `panel` on that are whole, or one that is not. */
static uint32_t set_panels(conv_pass *pass, uint32_t panel, uint32_t to)
{
    uint32_t left = pass->strip->job->op->cout - panel * CEDM_PANEL;
    uint32_t whole = left / CEDM_PANEL, most = to - panel;

    most = most < CEDM_TILE_PANELS ? most : CEDM_TILE_PANELS;
    pass->panel = panel;
    pass->panels = whole == 0 ? 1 : whole < most ? whole : most;
    pass->columns = whole == 0 ? left : 0;
    return panel + pass->panels;
}

void CEDM_ISA_NAME(conv_multiply)(const cedm_conv_strip *s, uint32_t from,
                                  uint32_t to)
{
    for (uint32_t phase = 0; phase < s->job->plan.phases; phase++) {
        conv_pass pass = {.strip = s, .phase = phase};

        for (uint32_t panel = from; panel < to;) {
            panel = set_panels(&pass, panel, to);
            for (uint32_t i = 0; i < s->images; i++) {
                run_image(s, i, pass);
            }
        }
    }
}
