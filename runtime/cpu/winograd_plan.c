/* SPDX-License-Identifier: MIT
 *
 * winograd_plan.c - how a convolution by tiles is cut up, and its
 * transformed weights. */
#include "runtime/cpu/winograd.h"

/* Tiles of a chunk.  Every panel of transformed weights is fetched once for
 * all of them; their transformed inputs, which stay in a second-level cache
 * or not, once for CEDM_WINOGRAD_PANELS panels. */
#define TILES 48u
#define FAR_TILES 64u   /* with weights from afar */
#define SMALL_TILES 96u /* of 2 x 2 outputs */

/* Fewer weights than these are near: a second-level cache keeps them in part
 * and a third-level cache whole. */
#define FAR_FLOATS (1u << 19)

static size_t whole_lines(size_t floats)
{
    return (floats + 15) & ~(size_t)15;
}

int cedm_cpu_is_winograd(const cedm_conv *op)
{
    uint32_t channels = op->cin[0] | op->cin[1] | op->cout;

    return (op->algorithm == CEDM_CONV_WINOGRAD4 ||
            (op->algorithm == CEDM_CONV_WINOGRAD2 && !op->up)) &&
           op->kernel[0] == 3 && op->kernel[1] == 3 && op->stride == 1 &&
           op->pad[0] <= 1 && op->pad[1] == op->pad[0] &&
           channels % CEDM_PANEL == 0;
}

/* Tile rows such that whole partial statistics are made. */
static uint32_t stat_align(const cedm_winograd_plan *plan,
                           const cedm_conv *op)
{
    uint32_t rows = plan->m;

    if (op->stats == CEDM_NONE) {
        return 1;
    }
    while (rows % op->stat_rows != 0 && rows < op->height) {
        rows += plan->m;
    }
    return cedm_smaller(rows / plan->m, plan->tile_rows);
}

static void plan_chunk(cedm_winograd_plan *plan, uint32_t tiles)
{
    uint32_t all = plan->tile_rows * plan->tile_columns, strips;

    plan->columns = cedm_smaller(plan->tile_columns, tiles);
    plan->rows = cedm_smaller(plan->tile_rows, tiles / plan->columns);
    if (plan->columns < plan->tile_columns) {
        plan->rows = 1;
    }
    strips = cedm_ceil_div(plan->tile_rows, plan->rows);
    plan->rows = cedm_ceil_div(plan->tile_rows, strips);
    if (plan->rows >= plan->align && strips > 1) {
        plan->rows -= plan->rows % plan->align;
    }
    plan->images = all < tiles ? tiles / all : 1;
    plan->tiles = plan->rows * plan->columns * plan->images;
}

static void plan_scratch(cedm_winograd_plan *plan, const cedm_conv *op)
{
    size_t pixels = (size_t)plan->tiles * plan->m * plan->m;
    size_t skip = 0;

    for (int i = 0; i < 2; i++) {
        if (op->skip_cin[i] != 0 && op->skip_src[i] == op->dst) {
            plan->copied = op->skip_cin[i];
        }
    }
    plan->staged = ((size_t)plan->rows * plan->m + 2) *
                   ((size_t)plan->columns * plan->m + 2) * CEDM_PANEL;
    plan->point = (size_t)plan->tiles * plan->steps *
                      cedm_ceil_div(plan->cin, plan->steps) +
                  CEDM_PANEL;
    plan->inputs = plan->points * plan->point;
    plan->products = (size_t)CEDM_WINOGRAD_PANELS * plan->points *
                     plan->tiles * CEDM_PANEL;
    plan->copies = pixels * plan->copied;
    if (plan->skip_cin != 0) {
        skip = CEDM_PANELS_TOGETHER * pixels * CEDM_PANEL +
               3 * whole_lines(pixels) + whole_lines(CEDM_BLOCK);
    }
    plan->scratch = plan->staged + plan->inputs + plan->products +
                    plan->copies + 2 * whole_lines(plan->tiles) + skip;
}

void cedm_cpu_plan_winograd(cedm_winograd_plan *plan, const cedm_conv *op)
{
    uint32_t pieces;

    *plan = (cedm_winograd_plan){0};
    plan->m = op->algorithm == CEDM_CONV_WINOGRAD4 ? 4 : 2;
    plan->n = plan->m + 2;
    plan->points = plan->n * plan->n;
    plan->cin = op->cin[0] + op->cin[1];
    pieces = cedm_ceil_div(plan->cin, CEDM_WINOGRAD_STEPS);
    plan->steps = cedm_panels(cedm_ceil_div(plan->cin, pieces)) * CEDM_PANEL;
    plan->skip_cin = op->skip_cin[0] + op->skip_cin[1];
    plan->panels = cedm_panels(op->cout);
    plan->tile_rows = cedm_ceil_div(op->height, plan->m);
    plan->tile_columns = cedm_ceil_div(op->width, plan->m);
    plan->align = stat_align(plan, op);
    plan->is_far = cedm_cpu_winograd_floats(plan) > FAR_FLOATS;
    plan_chunk(plan, plan->m != 4   ? SMALL_TILES
                     : plan->is_far ? FAR_TILES
                                    : TILES);
    plan_scratch(plan, op);
}

/* ---- weights ----------------------------------------------------------- */

/* Row i is (1, a, a^2) / prod (a - b) over the other points b. */
static const double G4[6][3] = {
    {1.0, 0.0, 0.0},
    {1.0 / 3, 1.0 / 3, 1.0 / 3},
    {-1.0 / 3, 1.0 / 3, -1.0 / 3},
    {-16.0 / 15, -8.0 / 15, -4.0 / 15},
    {1.0 / 15, -2.0 / 15, 4.0 / 15},
    {0.0, 0.0, 1.0},
};

static const double G2[4][3] = {
    {-1.0, 0.0, 0.0},
    {0.5, 0.5, 0.5},
    {0.5, -0.5, 0.5},
    {0.0, 0.0, 1.0},
};

uint64_t cedm_cpu_winograd_floats(const cedm_winograd_plan *plan)
{
    return (uint64_t)plan->points * plan->panels * plan->cin * CEDM_PANEL;
}

/* The taps of sixteen outputs and one input. */
typedef struct taps16 {
    double of[9][CEDM_PANEL];
} taps16;

static void gather(taps16 *to, const float *taps, size_t cin)
{
    for (size_t o = 0; o < CEDM_PANEL; o++) {
        for (size_t t = 0; t < 9; t++, taps += cin) {
            to->of[t][o] = (double)*taps;
        }
    }
}

/* G g G' of each; values lie `point` floats apart. */
static void transform(float *dst, size_t point, const double (*g)[3],
                      uint32_t n, const taps16 *taps)
{
    for (uint32_t i = 0; i < n; i++) {
        double row[3][CEDM_PANEL];

        for (uint32_t s = 0; s < 3; s++) {
            for (uint32_t o = 0; o < CEDM_PANEL; o++) {
                row[s][o] = g[i][0] * taps->of[s][o] +
                            g[i][1] * taps->of[3 + s][o] +
                            g[i][2] * taps->of[6 + s][o];
            }
        }
        for (uint32_t j = 0; j < n; j++, dst += point) {
            for (uint32_t o = 0; o < CEDM_PANEL; o++) {
                dst[o] = (float)(row[0][o] * g[j][0] + row[1][o] * g[j][1] +
                                 row[2][o] * g[j][2]);
            }
        }
    }
}

void cedm_cpu_pack_winograd(float *dst, const cedm_winograd_plan *plan,
                            const float *taps, uint32_t panel)
{
    uint32_t first = panel - panel % CEDM_WINOGRAD_PANELS;
    size_t cin = plan->cin, size = cin * CEDM_PANEL;
    size_t point = cedm_winograd_group(plan, first) * size;

    dst += (first * plan->points + panel - first) * size;
    taps += panel * 9 * size;
    for (size_t c = 0; c < cin; c++) {
        taps16 t;

        gather(&t, taps + c, cin);
        transform(dst + c * CEDM_PANEL, point, plan->m == 4 ? G4 : G2,
                  plan->n, &t);
    }
}
