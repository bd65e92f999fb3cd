/* SPDX-License-Identifier: MIT
 *
 * multiply.c - rows times panels: by the micro-kernel of the runtime, or one
 * row and one panel at a time. */
#include "cluster/cpu/kernels_isa.h"

static size_t b_panel(const cluster_product *p)
{
    return p->b_panel != 0 ? p->b_panel
                           : (size_t)p->runs * p->length * CLUSTER_PANEL;
}

#ifdef CEDM_ISA

#include "runtime/cpu/tile.h"

/* Rows of a call: whole tiles of any instruction set, and tables of places
 * that fit the stack. */
#define ROWS 96u

_Static_assert(ROWS % CEDM_TILE_ROWS == 0, "whole tiles");
_Static_assert(CLUSTER_PANEL == CEDM_PANEL, "the tile's panels");

static const float zeros[CLUSTER_PANEL];

/* The panels after those that are multiplied are fetched ahead: large packed
 * matrices come from far. */
void CLUSTER_ISA_NAME(multiply)(const cluster_product *p, uint32_t rows)
{
    uint32_t a_at[ROWS], out_at[ROWS];
    cedm_tile tile = {
        .a_at = a_at,
        .b = p->b,
        .runs = p->runs,
        .length = p->length,
        .step = p->a_run,
        .panels = p->panels,
        .b_panel = b_panel(p),
        .ahead = p->b + CEDM_TILE_PANELS * b_panel(p),
        .init_panel = p->init != NULL ? p->init_panel : 0,
        .init_step = p->init != NULL ? p->init_row : 0,
        .out_panel = p->out_panel,
        .out_at = out_at,
        .scale = 1.0f,
    };

    for (uint32_t i = 0; i < ROWS; i++) {
        a_at[i] = i * (uint32_t)p->a_row;
        out_at[i] = i * (uint32_t)p->out_row;
    }
    for (uint32_t first = 0; first < rows; first += ROWS) {
        const uint32_t left = rows - first;

        tile.a = p->a + first * p->a_row;
        tile.init = p->init != NULL ? p->init + first * p->init_row : zeros;
        tile.out = p->out + first * p->out_row;
        CEDM_ISA_NAME(tile)(&tile, left < ROWS ? left : ROWS);
    }
}

#else

static v16 chain(const cluster_product *p, const float *a, const float *b,
                 v16 sum)
{
    for (uint32_t run = 0; run < p->runs; run++, a += p->a_run) {
        for (uint32_t k = 0; k < p->length; k++, b += CLUSTER_PANEL) {
            sum = v16_fma(v16_set(a[k]), v16_load(b), sum);
        }
    }
    return sum;
}

void CLUSTER_ISA_NAME(multiply)(const cluster_product *p, uint32_t rows)
{
    for (size_t panel = 0; panel < p->panels; panel++) {
        const float *b = p->b + panel * b_panel(p);

        for (size_t row = 0; row < rows; row++) {
            v16 sum = v16_set(0.0f);

            if (p->init != NULL) {
                sum = v16_load(p->init + row * p->init_row +
                               panel * p->init_panel);
            }
            sum = chain(p, p->a + row * p->a_row, b, sum);
            v16_store(p->out + row * p->out_row + panel * p->out_panel, sum);
        }
    }
}

#endif
