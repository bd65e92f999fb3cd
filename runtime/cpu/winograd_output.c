/* SPDX-License-Identifier: MIT
 *
 * winograd_output.c - some panels of outputs of a chunk: the products of all
 * points, transformed back and finished. */
#include "runtime/cpu/vec_post.h"
#include "runtime/cpu/tile.h"
#include "runtime/cpu/winograd.h"
#include "runtime/cpu/winograd_tile.h"

static const float zeros[CEDM_PANEL];

/* ---- products ---------------------------------------------------------- */

/* One point of some panels; b of the next ones is fetched meanwhile. */
static void multiply_panels(const cedm_winograd_chunk *c, uint32_t panels,
                            const float *a, const float *b, const float *next,
                            float *out)
{
    uint32_t cin = c->job->plan.cin, steps = c->job->plan.steps;

    for (uint32_t k = 0; k < cin; k += steps) {
        int last = cin - k <= steps;
        cedm_tile tile = {
            .a = a + (size_t)k * c->tiles,
            .a_at = c->input_at,
            .b = b + k * CEDM_PANEL,
            .ahead = last ? next : b + (k + steps) * CEDM_PANEL,
            .runs = 1,
            .length = last ? cin - k : steps,
            .panels = panels,
            .b_panel = (size_t)cin * CEDM_PANEL,
            .out_panel = (size_t)c->tiles * CEDM_PANEL,
            .init = k == 0 ? zeros : out,
            .init_step = k == 0 ? 0 : CEDM_PANEL,
            .init_panel = k == 0 ? 0 : (size_t)c->tiles * CEDM_PANEL,
            .out = out,
            .out_at = c->product_at,
            .scale = 1.0f,
        };

        CEDM_ISA_NAME(tile)(&tile, c->tiles);
    }
}

/* Panels of one group. */
static void multiply(const cedm_winograd_chunk *c, uint32_t from, uint32_t to)
{
    const cedm_winograd_plan *plan = &c->job->plan;
    size_t panel = (size_t)plan->cin * CEDM_PANEL;
    uint32_t first = from - from % CEDM_WINOGRAD_PANELS;
    size_t point = cedm_winograd_group(plan, first) * panel;
    const float *row =
        c->job->weights + (first * plan->points + from - first) * panel;
    float *out = c->products;

    for (uint32_t k = 0; k < plan->points; k++, row += point) {
        const float *a = c->inputs + k * plan->point, *b = row;
        uint32_t n;

        for (uint32_t p = from; p < to; p += n, b += n * panel) {
            n = cedm_smaller(CEDM_TILE_PANELS, to - p);
            multiply_panels(c, n, a, b,
                            p + n < to ? b + n * panel : row + point, out);
            out += n * c->tiles * CEDM_PANEL;
        }
    }
}

/* ---- outputs ----------------------------------------------------------- */

/* A panel of outputs of a chunk. */
typedef struct winograd_panel {
    const cedm_winograd_chunk *chunk;
    const float *products; /* of the first point */
    size_t point;          /* floats from one to the next */
    uint32_t channel;      /* the first */
    float *dst;            /* there, of the chunk's first image */
    const float *residual;
} winograd_panel;

/* The m x m outputs of a tile, what lies beyond the map left out: to sums
 * unless these are NULL, else to dst, where the next panel's lines are
 * fetched, as when staging. */
CEDM_INLINE void finish_tile(const winograd_panel *p, uint32_t tile, v16 init,
                             float *sums, const uint32_t n)
{
    const cedm_winograd_chunk *c = p->chunk;
    const cedm_conv *op = c->job->op;
    const v16 scale = v16_set(op->scale);
    uint32_t m = n - 2, i = tile / (c->rows * c->columns);
    uint32_t stride = cedm_dst_stride(op->dst_stride, op->cout);
    uint32_t y = (c->row + tile / c->columns % c->rows) * m;
    uint32_t x = (c->column + tile % c->columns) * m;
    uint32_t height = cedm_smaller(m, op->height - y);
    uint32_t width = cedm_smaller(m, op->width - x);
    size_t at = (((size_t)i * op->height + y) * op->width + x) * stride;
    size_t wide = cedm_chunk_width(c);
    size_t pixel = (i * cedm_chunk_height(c) + y - c->row * m) * wide + x -
                   c->column * m;
    v16 d[36];

    winograd_out(d, p->products + (size_t)tile * CEDM_PANEL, p->point, n);
    for (uint32_t r = 0; r < height; r++) {
        for (uint32_t k = 0; k < width; k++) {
            v16 sum = v16_add(d[r * n + k], init);

            if (sums != NULL) {
                v16_store(sums + (pixel + k) * CEDM_PANEL, sum);
                continue;
            }
            if (p->residual != NULL) {
                const float *residual = p->residual + at + k * stride;

                sum = v16_add(sum, v16_load(residual));
                __builtin_prefetch(residual + CEDM_PANEL, 0, 2);
            }
            v16_store(p->dst + at + k * stride,
                      v16_post(v16_mul(sum, scale), op->post));
            __builtin_prefetch(p->dst + at + k * stride + CEDM_PANEL, 1, 2);
        }
        at += (size_t)op->width * stride;
        pixel += wide;
    }
}

/* bias + emb. */
static v16 init_of(const winograd_panel *p, uint32_t image)
{
    const cedm_winograd_job *job = p->chunk->job;
    const cedm_conv *op = job->op;
    v16 sum = v16_load(job->bias + p->channel);

    if (op->emb_src != CEDM_NONE) {
        const float *emb =
            cedm_at(job->exec, op->emb_src, op->emb_stride, image) +
            op->emb_index + p->channel;

        sum = v16_add(sum, v16_load(emb));
    }
    return sum;
}

/* To sums where a skip follows, else to dst.  In a frame of its own: beside
 * the tiles of a skip, clang's would pass the bound. */
__attribute__((noinline)) static void finish(const winograd_panel *p,
                                             float *sums)
{
    const cedm_winograd_chunk *c = p->chunk;
    uint32_t image_tiles = c->rows * c->columns;

    for (uint32_t i = 0; i < c->images; i++) {
        const v16 init = init_of(p, c->image + i);

        for (uint32_t t = 0; t < image_tiles; t++) {
            uint32_t tile = i * image_tiles + t;

            if (c->job->plan.m == 4) {
                finish_tile(p, tile, init, sums, 6);
            } else {
                finish_tile(p, tile, init, sums, 4);
            }
        }
    }
}

/* Adds skip source s to the sums of pixels first..end-1 of some panels from p
 * on, `panel` floats apart, and closes them if it is the last. */
static void add_source(const winograd_panel *p, uint32_t panels, size_t panel,
                       int s, uint32_t first, uint32_t end)
{
    const cedm_winograd_chunk *c = p->chunk;
    const cedm_conv *op = c->job->op;
    uint32_t channels = op->skip_cin[s];
    size_t map = (size_t)(op->height >> op->skip_up) *
                 (op->width >> op->skip_up) * channels;
    float *sums = c->sums + first * CEDM_PANEL;
    const float *b = c->job->skip_weights +
                     (size_t)p->channel * c->job->plan.skip_cin +
                     (s == 0 ? 0 : (size_t)op->skip_cin[0] * CEDM_PANEL);
    const float *a =
        op->skip_src[s] == op->dst
            ? c->copies
            : cedm_at(c->job->exec, op->skip_src[s], map, c->image);

    for (uint32_t k = 0; k < channels; k += CEDM_WINOGRAD_STEPS) {
        cedm_tile tile = {
            .a = a + k,
            .a_at = c->skip_at[s] + first,
            .b = b + k * CEDM_PANEL,
            .runs = 1,
            .length = cedm_smaller(CEDM_WINOGRAD_STEPS, channels - k),
            .panels = panels,
            .b_panel = (size_t)c->job->plan.skip_cin * CEDM_PANEL,
            .init = sums,
            .init_step = CEDM_PANEL,
            .init_panel = panel,
            .out = sums,
            .out_at = c->sums_at,
            .out_panel = panel,
            .scale = 1.0f,
        };

        if (k + CEDM_WINOGRAD_STEPS >= channels &&
            (s == 1 || op->skip_cin[1] == 0)) {
            tile.out = p->dst;
            tile.out_at = c->dst_at + first;
            tile.out_panel = CEDM_PANEL;
            tile.add = p->residual;
            tile.scale = op->scale;
        }
        CEDM_ISA_NAME(tile)(&tile, end - first);
    }
}

static void add_skip(const winograd_panel *p, uint32_t panels,
                     uint32_t pixels)
{
    size_t panel = (size_t)pixels * CEDM_PANEL;

    for (uint32_t first = 0; first < pixels; first += CEDM_BLOCK) {
        uint32_t end = cedm_smaller(first + CEDM_BLOCK, pixels);

        add_source(p, panels, panel, 0, first, end);
        if (p->chunk->job->op->skip_cin[1] != 0) {
            add_source(p, panels, panel, 1, first, end);
        }
    }
}

/* Offsets of a chunk's pixels from the maps of image c->image; returns how
 * many there are. */
static uint32_t tabulate_pixels(const cedm_winograd_chunk *c)
{
    const cedm_conv *op = c->job->op;
    uint32_t m = c->job->plan.m, up = op->skip_up;
    uint32_t height = cedm_chunk_height(c), width = cedm_chunk_width(c);
    uint32_t small_width = op->width >> up;
    uint32_t small_map = (op->height >> up) * small_width;
    uint32_t count = c->images * height * width;

    for (uint32_t p = 0; p < count; p++) {
        uint32_t i = p / (height * width);
        uint32_t y = c->row * m + p / width % height;
        uint32_t x = c->column * m + p % width;
        uint32_t at = (y >> up) * small_width + (x >> up);

        c->dst_at[p] = ((i * op->height + y) * op->width + x) * op->cout;
        for (int s = 0; s < 2; s++) {
            c->skip_at[s][p] =
                (op->skip_src[s] == op->dst ? p : i * small_map + at) *
                op->skip_cin[s];
        }
    }
    return count;
}

/* Panel k, the first of whose group is `first`. */
static winograd_panel panel_of(const cedm_winograd_chunk *c, uint32_t k,
                               uint32_t first, uint32_t end)
{
    const cedm_winograd_job *job = c->job;
    const cedm_conv *op = job->op;
    size_t map = (size_t)op->height * op->width *
                 cedm_dst_stride(op->dst_stride, op->cout);
    size_t panel = (size_t)c->tiles * CEDM_PANEL;
    winograd_panel p = {
        .chunk = c,
        .products = c->products + (k - first) * panel,
        .point = (end - first) * panel,
        .channel = k * CEDM_PANEL,
    };

    p.dst = cedm_at(job->exec, op->dst, map, c->image) + op->dst_index +
            p.channel;
    if (op->residual != CEDM_NONE) {
        p.residual =
            cedm_at(job->exec, op->residual, map, c->image) + p.channel;
    }
    return p;
}

void CEDM_ISA_NAME(winograd_outputs)(const cedm_winograd_chunk *c,
                                     uint32_t from, uint32_t to)
{
    uint32_t skip_cin = c->job->plan.skip_cin;
    uint32_t pixels = skip_cin != 0 ? tabulate_pixels(c) : 0;

    for (uint32_t g = from, end; g < to; g = end) {
        uint32_t next = g - g % CEDM_WINOGRAD_PANELS + CEDM_WINOGRAD_PANELS;

        end = cedm_smaller(next, to);
        multiply(c, g, end);
        for (uint32_t k = g, n; k < end; k += n) {
            n = cedm_smaller(CEDM_TILE_PANELS, end - k);
            for (uint32_t i = 0; i < n; i++) {
                winograd_panel p = panel_of(c, k + i, g, end);

                finish(&p, skip_cin == 0 ? NULL
                                         : c->sums + i * pixels * CEDM_PANEL);
            }
            if (skip_cin != 0) {
                winograd_panel p = panel_of(c, k, g, end);

                add_skip(&p, n, pixels);
            }
        }
    }
}
