/* SPDX-License-Identifier: MIT
 *
 * linear.c - matrix times the vectors of all images: images are the rows of
 * the tiles, so that a panel of weights is fetched once for all of them. */
#include "cpu/tile.h"

/* One panel of outputs of rows of images from `image` on. */
static void linear_tile(const cedm_exec *exec, const cedm_linear *op,
                        cedm_tile *tile, uint32_t image, uint32_t rows,
                        uint32_t columns)
{
    uint32_t src_at[CEDM_TILE_ROWS] = {0}, dst_at[CEDM_TILE_ROWS] = {0};

    for (uint32_t i = 0; i < rows; i++) {
        src_at[i] = i * op->in;
        dst_at[i] = i * op->out;
    }
    tile->a = cedm_at(exec, op->src, op->in, image);
    tile->a_at = src_at;
    tile->out_at = dst_at;
    if (columns == CEDM_PANEL) {
        CEDM_ISA_NAME(tile)(tile, rows);
    } else {
        CEDM_ISA_NAME(tile_part)(tile, rows, columns);
    }
    if (op->act == CEDM_ACT_NONE) {
        return;
    }
    for (uint32_t i = 0; i < rows; i++) {
        float *y = tile->out + dst_at[i];

        if (columns == CEDM_PANEL) {
            v16_store(y, v16_silu(v16_load(y)));
        } else {
            v16_store_part(y, v16_silu(v16_load_part(y, columns)), columns);
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
    cedm_tile tile = {.runs = 1, .length = op->in, .scale = 1.0f};

    (void)worker;
    tile.b = weights + first * op->in;
    tile.init = weights + (size_t)cedm_panels(op->out) * CEDM_PANEL * op->in +
                first;
    for (uint32_t image = 0, rows; image < exec->n; image += rows) {
        rows = cedm_tile_rows(exec->n - image);
        tile.out = cedm_at(exec, op->dst, op->out, image) + first;
        linear_tile(exec, op, &tile, image, rows, columns);
    }
}

void CEDM_ISA_NAME(linear)(void *ctx, const cedm_linear *op)
{
    cedm_run_tasks(ctx, linear_task, op, cedm_panels(op->out));
}
