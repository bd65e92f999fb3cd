/* SPDX-License-Identifier: MIT
 *
 * winograd.h - 3x3 convolution with fewer multiplications [WINOGRAD].
 *
 * A tile of m x m outputs is A'[(G g G') . (B' d B)]A: d its n x n inputs,
 * n = m + 2, g the 3x3 weights.  The products of all channels are n * n
 * independent matrix products.  G, B and A are the Cook-Toom matrices of the
 * points 0, 1, -1, 1/2, -2 and infinity for m = 4, of 0, 1, -1 and infinity
 * for m = 2: all constants of B and A are short binary fractions, and the
 * points keep the error of m = 4 low [BARABASZ]. */
#ifndef CEDM_WINOGRAD_H
#define CEDM_WINOGRAD_H

#include "runtime/cpu/cpu.h"

/* Panels whose products wait in scratch: a group. */
#define CEDM_WINOGRAD_PANELS 4u

/* Most steps of K at a time: 16 KiB of a panel stay in the first-level
 * cache. */
#define CEDM_WINOGRAD_STEPS 256u

/* What follows from a descriptor alone.  Transformed inputs of a chunk are
 * [points][pieces of cin][tiles][steps], so that rows of the micro-kernel
 * follow each other without a gap.  Transformed weights are
 * [groups][points][panels of the group][cin][PANEL], the order in which they
 * are used; then skip's [panels][skip_cin][PANEL] and the sums of biases
 * [panels][PANEL]. */
typedef struct cedm_winograd_plan {
    uint32_t m, n;   /* outputs, inputs along a tile's side */
    uint32_t points; /* n * n */
    uint32_t cin, skip_cin, panels;
    uint32_t steps;                   /* channels of a piece of cin */
    uint32_t is_far;                  /* whether weights come from memory */
    uint32_t tile_rows, tile_columns; /* of a map */
    uint32_t align;                   /* tile rows that share statistics */
    uint32_t rows, columns, images;   /* tiles of a chunk; small maps in it */
    uint32_t tiles;                   /* the product of these */
    uint32_t copied;                  /* skip channels that dst lies over */
    size_t point;                     /* floats of transformed inputs */
    size_t staged, inputs, products, copies; /* floats of scratch */
    size_t scratch;
} cedm_winograd_plan;

static inline uint32_t cedm_smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Panels of the group that begins with panel `first`. */
static inline uint32_t cedm_winograd_group(const cedm_winograd_plan *plan,
                                           uint32_t first)
{
    return cedm_smaller(CEDM_WINOGRAD_PANELS, plan->panels - first);
}

/* Whether a convolution can be and shall be done this way. */
int cedm_cpu_is_winograd(const cedm_conv *op);

void cedm_cpu_plan_winograd(cedm_winograd_plan *plan, const cedm_conv *op);

/* Of the transformed weights of 3x3 taps. */
uint64_t cedm_cpu_winograd_floats(const cedm_winograd_plan *plan);

/* One panel of them; taps is [cout][3][3][cin]. */
void cedm_cpu_pack_winograd(float *dst, const cedm_winograd_plan *plan,
                            const float *taps, uint32_t panel);

#ifdef CEDM_ISA

/* An op cut into units of whole statistics, these into chunks. */
typedef struct cedm_winograd_job {
    const cedm_exec *exec;
    const cedm_conv *op;
    cedm_winograd_plan plan;
    uint32_t unit_rows; /* tile rows */
    uint32_t strips;
    const float *weights, *skip_weights, *bias;
} cedm_winograd_job;

/* A chunk, and where its worker finds scratch. */
typedef struct cedm_winograd_chunk {
    const cedm_winograd_job *job;
    uint32_t image, images;
    uint32_t row, rows, column, columns; /* of tiles */
    uint32_t tiles;
    float *staged, *inputs, *products, *copies, *sums;
    uint32_t *input_at, *product_at;         /* of a tile */
    uint32_t *skip_at[2], *dst_at, *sums_at; /* of a pixel */
} cedm_winograd_chunk;

/* Pixels of a chunk that lie on the map: rows of an image, columns.  Sums, the
 * copy and the tables of pixels go by images, rows, columns. */
static inline uint32_t cedm_chunk_height(const cedm_winograd_chunk *c)
{
    uint32_t m = c->job->plan.m;

    return cedm_smaller(c->rows * m, c->job->op->height - c->row * m);
}

static inline uint32_t cedm_chunk_width(const cedm_winograd_chunk *c)
{
    uint32_t m = c->job->plan.m;

    return cedm_smaller(c->columns * m, c->job->op->width - c->column * m);
}

void CEDM_ISA_NAME(winograd)(const cedm_exec *exec, const cedm_conv *op);

/* Inputs: panel `panel` of channels, activated and transformed. */
void CEDM_ISA_NAME(winograd_inputs)(const cedm_winograd_chunk *c,
                                    uint32_t panel);

/* Copies the skip source that dst lies over, before dst is written. */
void CEDM_ISA_NAME(winograd_copy)(const cedm_winograd_chunk *c);

/* Panels from..to-1 of dst. */
void CEDM_ISA_NAME(winograd_outputs)(const cedm_winograd_chunk *c,
                                     uint32_t from, uint32_t to);

#endif

#endif
