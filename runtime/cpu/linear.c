/* SPDX-License-Identifier: MIT
 *
 * linear.c - matrix times the vectors of all images: images are the rows of
 * the tiles, so that a panel of weights is fetched once for all of them. */
#include "runtime/cpu/tile.h"

/* Images whose sums wait on the stack. */
#define IMAGES 32u

/* One panel of outputs for some images: dst is the first's. */
static void linear_panel(const cedm_linear *op, cedm_tile *tile,
                         uint32_t images, uint32_t columns, float *dst)
{
    uint32_t src_at[IMAGES], sums_at[IMAGES];
    float sums[IMAGES * CEDM_PANEL];

    for (uint32_t i = 0; i < images; i++) {
        src_at[i] = i * op->in;
        sums_at[i] = i * CEDM_PANEL;
    }
    tile->a_at = src_at;
    tile->out = sums;
    tile->out_at = sums_at;
    CEDM_ISA_NAME(tile)(tile, images);
    for (uint32_t i = 0; i < images; i++, dst += op->out) {
        v16 y = v16_load(sums + sums_at[i]);

        if (op->act == CEDM_ACT_SILU) {
            y = v16_silu(y);
        }
        if (columns == CEDM_PANEL) {
            v16_store(dst, y);
        } else {
            v16_store_part(dst, y, columns);
        }
    }
}

static void linear_task(void *arg, uint32_t index, uint32_t worker)
{
    const cedm_call *call = arg;
    const cedm_exec *exec = call->exec;
    const cedm_linear *op = call->op;
    const float *weights = cedm_prepared(exec, op->id);
    size_t first = (size_t)index * CEDM_PANEL;
    uint32_t left = op->out - index * CEDM_PANEL;
    uint32_t columns = left < CEDM_PANEL ? left : CEDM_PANEL;
    cedm_tile tile = {
        .runs = 1,
        .length = op->in,
        .panels = 1,
        .scale = 1.0f,
    };

    (void)worker;
    tile.b = weights + first * op->in;
    tile.ahead = tile.b + (size_t)op->in * CEDM_PANEL;
    tile.init =
        weights + (size_t)cedm_panels(op->out) * CEDM_PANEL * op->in + first;
    for (uint32_t image = 0; image < exec->n; image += IMAGES) {
        uint32_t more = exec->n - image;

        tile.a = cedm_at(exec, op->src, op->in, image);
        linear_panel(op, &tile, more < IMAGES ? more : IMAGES, columns,
                     cedm_at(exec, op->dst, op->out, image) + first);
    }
}

void CEDM_ISA_NAME(linear)(void *ctx, const cedm_linear *op)
{
    cedm_run_tasks(ctx, linear_task, op, cedm_panels(op->out));
}
