/* SPDX-License-Identifier: MIT
 *
 * conv_weight_tiles.c - weight gradients of 3x3 convolutions with fewer
 * multiplications [WINOGRAD].
 *
 * A tile of 4 x 4 gradients g meets 6 x 6 inputs d.  Their 3 x 3 sums of
 * products are A'[(G g G') . (B' d B)]A: 36 multiplications, not 144.  B is
 * that of runtime/cpu/winograd_tile.h, as it follows from the points alone;
 * row i of G is (1, a, a^2, a^3) for point a, column i of A' is
 * (1, a, a^2) / prod (a - b) over the other points b.  A task has some source
 * channels and some panels of output channels.  It transforms the inputs and
 * the gradients of some tiles of all images at a time, multiplies them, a
 * matrix product for each point whose K is the tiles, and transforms back
 * once, at the end.
 *
 * The sums of some tiles start from zero and are added to the total: one
 * order, and short chains. */
#include <string.h>

#include "runtime/cpu/tile.h"
#include "runtime/cpu/winograd_tile.h"
#include "trainer/cpu/train_cpu.h"

#define POINTS TRAIN_TILE_POINTS
#define SIDE 6u /* squared: POINTS */

typedef struct tiles_job {
    const train_exec *exec;
    const cg_conv_weight *op;
    train_tiles_plan plan;
} tiles_job;

/* What a worker holds. */
typedef struct tiles_task {
    const tiles_job *job;
    uint32_t channel, channels; /* of the source */
    uint32_t panel, panels;
    float *inputs, *grads;         /* [points][panels][TRAIN_TILES][PANEL] */
    float *totals;                 /* [points][panels][channels][PANEL] */
    float *edge;                   /* a tile with zeros where the map ends */
    uint32_t *input_at, *total_at; /* of a channel */
} tiles_task;

static void view(tiles_task *t, const tiles_job *job, uint32_t index,
                 float *scratch)
{
    const train_tiles_plan *plan = &job->plan;
    uint32_t panels = job->op->cout / CEDM_PANEL, left;
    size_t totals =
        (size_t)POINTS * plan->panels * plan->channels * CEDM_PANEL;
    void *tables;

    t->job = job;
    t->channel = index / plan->groups * plan->channels;
    left = job->op->cin - t->channel;
    t->channels = left < plan->channels ? left : plan->channels;
    t->panel = index % plan->groups * plan->panels;
    left = panels - t->panel;
    t->panels = left < plan->panels ? left : plan->panels;
    t->inputs = scratch;
    t->grads = t->inputs + (size_t)POINTS * plan->channels * TRAIN_TILES;
    t->totals =
        t->grads + (size_t)POINTS * plan->panels * CEDM_PANEL * TRAIN_TILES;
    t->edge = t->totals + totals;
    tables = t->edge + POINTS * CEDM_PANEL;
    t->input_at = tables;
    t->total_at = t->input_at + plan->channels;
    memset(t->totals, 0, totals * sizeof *t->totals);
    for (uint32_t c = 0; c < t->channels; c++) {
        t->input_at[c] =
            c / CEDM_PANEL * TRAIN_TILES * CEDM_PANEL + c % CEDM_PANEL;
        t->total_at[c] = c * CEDM_PANEL;
    }
}

/* ---- transforms -------------------------------------------------------- */

/* Where sixteen channels of a square of pixels are. */
typedef struct square {
    const float *at;
    size_t pitch, pixel;
} square;

/* Those of n x n pixels from (y, x) on, which may lie above 0, of a map at
 * `map`: there, or copied to `edge` with zeros outside. */
CEDM_INLINE square square_of(const float *map, uint32_t height,
                             uint32_t width, uint32_t channels, uint32_t y,
                             uint32_t x, const uint32_t n, float *edge)
{
    size_t pitch = (size_t)width * channels;
    square s = {edge, n * CEDM_PANEL, CEDM_PANEL};

    if (y < height && x < width && y + n <= height && x + n <= width) {
        return (square){map + y * pitch + (size_t)x * channels, pitch,
                        channels};
    }
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k < n; k++, edge += CEDM_PANEL) {
            uint32_t row = y + i, column = x + k; /* wrap above 0 */
            v16 value = v16_set(0.0f);

            if (row < height && column < width) {
                value =
                    v16_load(map + row * pitch + (size_t)column * channels);
            }
            v16_store(edge, value);
        }
    }
    return s;
}

/* G of the points 0, 1, -1, 1/2, -2 and infinity, applied to d[0..3 step];
 * there is room for six. */
CEDM_INLINE void grad_in(v16 *d, const size_t step)
{
    const v16 d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step];
    const v16 even = v16_add(d0, d2), odd = v16_add(d1, d3);
    const v16 quarter = v16_set(0.25f), four = v16_set(4.0f);
    const v16 half = v16_fma(quarter, d3, d1), two = v16_fma(four, d3, d1);

    d[step] = v16_add(even, odd);
    d[2 * step] = v16_sub(even, odd);
    d[3 * step] = v16_fma(v16_set(0.5f), half, v16_fma(quarter, d2, d0));
    d[4 * step] = v16_fma(v16_set(-2.0f), two, v16_fma(four, d2, d0));
    d[5 * step] = d3;
}

/* G g G'; value i goes to out + i * point. */
CEDM_INLINE void transform_grad(float *out, size_t point, square g)
{
    v16 d[POINTS];

#pragma GCC unroll 4
    for (size_t x = 0; x < 4; x++) {
#pragma GCC unroll 4
        for (size_t y = 0; y < 4; y++) {
            d[y * SIDE + x] = v16_load(g.at + y * g.pitch + x * g.pixel);
        }
        grad_in(d + x, SIDE);
    }
#pragma GCC unroll 6
    for (size_t y = 0; y < SIDE; y++) {
        grad_in(d + y * SIDE, 1);
#pragma GCC unroll 6
        for (size_t x = 0; x < SIDE; x++) {
            v16_store(out + (y * SIDE + x) * point, d[y * SIDE + x]);
        }
    }
}

/* A' of the same points, applied to d[0], d[step], ...: three are left. */
CEDM_INLINE void weight_out(v16 *d, const size_t step)
{
    const v16 third = v16_set(1.0f / 3);
    const v16 sum = v16_mul(third, v16_add(d[step], d[2 * step]));
    const v16 difference = v16_mul(third, v16_sub(d[step], d[2 * step]));
    const v16 d3 = v16_mul(v16_set(-16.0f / 15), d[3 * step]);
    const v16 d4 = v16_mul(v16_set(1.0f / 15), d[4 * step]);

    d[0] = v16_add(v16_add(d[0], difference), v16_add(d3, d4));
    d[step] = v16_fma(v16_set(0.5f), d3, v16_fma(v16_set(-2.0f), d4, sum));
    d[2 * step] =
        v16_fma(v16_set(0.25f), d3,
                v16_fma(v16_set(4.0f), d4, v16_add(difference, d[5 * step])));
}

/* ---- a task ------------------------------------------------------------ */

/* Tile `tile` of all images. */
typedef struct tile_place {
    uint32_t image, y, x; /* its first pixel */
} tile_place;

static tile_place place_of(const tiles_job *job, uint32_t tile)
{
    uint32_t across = job->plan.across, all = across * job->plan.down;

    return (tile_place){tile / all, tile % all / across * 4,
                        tile % across * 4};
}

static void transform_inputs(const tiles_task *t, uint32_t first,
                             uint32_t tiles)
{
    const cg_conv_weight *op = t->job->op;
    size_t map = (size_t)op->in_height * op->in_width * op->cin;
    size_t point = (size_t)t->channels * TRAIN_TILES;

    for (uint32_t c = 0; c < t->channels; c += CEDM_PANEL) {
        float *out = t->inputs + (size_t)c * TRAIN_TILES;

        for (uint32_t i = 0; i < tiles; i++, out += CEDM_PANEL) {
            tile_place p = place_of(t->job, first + i);
            const float *src =
                cedm_at(&t->job->exec->base, op->src, map, p.image) +
                t->channel + c;
            square s = square_of(src, op->in_height, op->in_width, op->cin,
                                 p.y - 1, p.x - 1, SIDE, t->edge);

            winograd_in(out, point, s.at, s.pitch, s.pixel, SIDE);
        }
    }
}

static void transform_grads(const tiles_task *t, uint32_t first,
                            uint32_t tiles)
{
    const cg_conv_weight *op = t->job->op;
    size_t map = (size_t)op->height * op->width * op->cout;
    size_t point = (size_t)t->panels * CEDM_PANEL * TRAIN_TILES;

    for (uint32_t k = 0; k < t->panels; k++) {
        uint32_t channel = (t->panel + k) * CEDM_PANEL;
        float *out = t->grads + (size_t)k * CEDM_PANEL * TRAIN_TILES;

        for (uint32_t i = 0; i < tiles; i++, out += CEDM_PANEL) {
            tile_place p = place_of(t->job, first + i);
            const float *grad =
                cedm_at(&t->job->exec->base, op->grad, map, p.image) +
                channel;

            transform_grad(out, point,
                           square_of(grad, op->height, op->width, op->cout,
                                     p.y, p.x, 4, t->edge));
        }
    }
}

static void multiply(const tiles_task *t, uint32_t tiles)
{
    static const float zeros[CEDM_PANEL];
    size_t rows = (size_t)t->channels * CEDM_PANEL;
    size_t inputs = (size_t)t->channels * TRAIN_TILES;
    size_t panel = (size_t)CEDM_PANEL * TRAIN_TILES;

    for (uint32_t point = 0; point < POINTS; point++) {
        cedm_tile tile = {.a = t->inputs + point * inputs,
                          .a_at = t->input_at,
                          .b = t->grads + point * t->panels * panel,
                          .runs = tiles,
                          .length = 1,
                          .step = CEDM_PANEL,
                          .panels = t->panels,
                          .b_panel = panel,
                          .init = zeros,
                          .out = t->totals + point * t->panels * rows,
                          .out_at = t->total_at,
                          .out_panel = rows,
                          .scale = 1.0f};

        tile.add = tile.out;
        CEDM_ISA_NAME(tile)(&tile, t->channels);
    }
}

/* Adds the gradients of sixteen outputs and one input. */
static void add_weights(const tiles_task *t, uint32_t k, uint32_t c)
{
    const cg_conv_weight *op = t->job->op;
    size_t rows = (size_t)t->channels * CEDM_PANEL;
    const float *total = t->totals + k * rows + (size_t)c * CEDM_PANEL;
    float *dst =
        t->job->exec->grads + op->weight + op->first + t->channel + c;
    float taps[9 * CEDM_PANEL];
    v16 d[POINTS];

    for (size_t x = 0; x < SIDE; x++) {
        for (size_t y = 0; y < SIDE; y++) {
            d[y * SIDE + x] =
                v16_load(total + (y * SIDE + x) * t->panels * rows);
        }
        weight_out(d + x, SIDE);
    }
    for (size_t y = 0; y < 3; y++) {
        weight_out(d + y * SIDE, 1);
        for (size_t x = 0; x < 3; x++) {
            v16_store(taps + (y * 3 + x) * CEDM_PANEL, d[y * SIDE + x]);
        }
    }
    dst += (size_t)(t->panel + k) * CEDM_PANEL * 9 * op->row;
    for (size_t o = 0; o < CEDM_PANEL; o++) {
        for (size_t i = 0; i < 9; i++, dst += op->row) {
            *dst += op->scale * taps[i * CEDM_PANEL + o];
        }
    }
}

static void tiles_run(void *arg, uint32_t index, uint32_t worker)
{
    const cedm_call *call = arg;
    const tiles_job *job = call->op;
    uint32_t all = job->plan.across * job->plan.down * job->exec->base.n;
    tiles_task t;

    view(&t, job, index, cedm_scratch(&job->exec->base, worker));
    for (uint32_t first = 0; first < all; first += TRAIN_TILES) {
        uint32_t left = all - first;
        uint32_t tiles = left < TRAIN_TILES ? left : TRAIN_TILES;

        transform_inputs(&t, first, tiles);
        transform_grads(&t, first, tiles);
        multiply(&t, tiles);
    }
    for (uint32_t k = 0; k < t.panels; k++) {
        for (uint32_t c = 0; c < t.channels; c++) {
            add_weights(&t, k, c);
        }
    }
}

void TRAIN_ISA_NAME(conv_weight_tiles)(train_exec *exec,
                                       const cg_conv_weight *op,
                                       const train_tiles_plan *plan)
{
    tiles_job job = {.exec = exec, .op = op, .plan = *plan};

    cedm_run_tasks(&exec->base, tiles_run, &job, plan->chunks * plan->groups);
}
