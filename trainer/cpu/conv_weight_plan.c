/* SPDX-License-Identifier: MIT
 *
 * conv_weight_plan.c - how a weight gradient is cut into tasks: the same for
 * all instruction sets. */
#include "runtime/cpu/cpu.h"
#include "trainer/cpu/train_cpu.h"

/* Pixels whose gradients are packed at once: with a tile's sums and the
 * staged rows they fit a first-level cache. */
#define BLOCK_PIXELS 128u

/* Tasks that keep a few threads busy. */
#define TASKS 8u

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static size_t whole_lines(size_t floats)
{
    return (floats + 15) & ~(size_t)15;
}

void train_plan_weight(train_weight_plan *plan, const cg_conv_weight *op,
                       uint32_t pixels)
{
    uint32_t panels = cedm_panels(op->cout);
    uint32_t width = pixels != 0 ? pixels : op->width;
    uint32_t in_height = pixels != 0 ? 1 : op->in_height;
    uint32_t in_width = pixels != 0 ? pixels : op->in_width;

    *plan = (train_weight_plan){.taps = op->kernel * op->kernel};
    plan->chunk = smaller(op->kernel == 1 ? 64 : 16, op->cin);
    while (plan->chunk > 4 &&
           cedm_ceil_div(op->cin, plan->chunk) * panels < TASKS) {
        plan->chunk = cedm_ceil_div(plan->chunk, 2);
    }
    plan->chunks = cedm_ceil_div(op->cin, plan->chunk);
    plan->groups = smaller(panels, cedm_ceil_div(TASKS, plan->chunks));
    plan->panels = cedm_ceil_div(panels, plan->groups);
    plan->groups = cedm_ceil_div(panels, plan->panels);
    plan->rows = plan->chunk * plan->taps;
    plan->block = BLOCK_PIXELS / width == 0 ? 1 : BLOCK_PIXELS / width;
    plan->pitch = in_width + 2 * (size_t)op->pad;
    plan->plane = plan->pitch * (in_height + 2 * (size_t)op->pad);
    plan->scratch = whole_lines(plan->chunk * plan->plane) +
                    (size_t)plan->block * width * CEDM_PANEL +
                    (size_t)plan->panels * plan->rows * CEDM_PANEL +
                    2 * whole_lines(plan->rows);
}

/* Channels of a tile's task on either side: what they are transformed to stays
 * in a second-level cache with the sums of all their products. */
#define TILES_CHANNELS 64u

/* Tasks that make tiles worth it. */
#define TILES_TASKS 2u

/* Maps from this side on. */
#define TILES_SIDE 8u

bool train_plan_tiles(train_tiles_plan *plan, const cg_conv_weight *op)
{
    uint32_t cin = op->cin, cout = op->cout, panels;

    if (op->kernel != 3 || op->stride != 1 || op->pad != 1 ||
        op->in_height != op->height || op->in_width != op->width ||
        (cin | cout) % CEDM_PANEL != 0 || op->height < TILES_SIDE ||
        op->width < TILES_SIDE) {
        return false;
    }
    *plan = (train_tiles_plan){.channels = smaller(TILES_CHANNELS, cin),
                               .across = cedm_ceil_div(op->width, 4),
                               .down = cedm_ceil_div(op->height, 4)};
    panels = smaller(TILES_CHANNELS, cout) / CEDM_PANEL;
    while (cedm_ceil_div(cin, plan->channels) *
               cedm_ceil_div(cout / CEDM_PANEL, panels) <
           TILES_TASKS) {
        if (plan->channels >= panels * CEDM_PANEL &&
            plan->channels > CEDM_PANEL) {
            plan->channels =
                cedm_ceil_div(plan->channels / CEDM_PANEL, 2) * CEDM_PANEL;
        } else if (panels > 1) {
            panels = cedm_ceil_div(panels, 2);
        } else {
            return false;
        }
    }
    plan->panels = panels;
    plan->chunks = cedm_ceil_div(cin, plan->channels);
    plan->groups = cedm_ceil_div(cout / CEDM_PANEL, panels);
    plan->scratch =
        TRAIN_TILE_POINTS *
            ((size_t)(plan->channels + panels * CEDM_PANEL) * TRAIN_TILES +
             (size_t)plan->channels * panels * CEDM_PANEL + CEDM_PANEL) +
        2 * whole_lines(plan->channels);
    return true;
}
