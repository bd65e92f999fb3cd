/* SPDX-License-Identifier: MIT
 *
 * feature_rows.h - features as the rows of a matrix, transformed when they
 * are read.
 *
 * A row x is read as (x * factor - shift) * scale.  The features themselves
 * stay as they are, so that they may be mapped from a file that is larger
 * than memory: whoever works on them holds a block of rows.  What is known of
 * all rows is found by all ranks together, shares.h. */
#ifndef CEDM_CLUSTER_FEATURE_ROWS_H
#define CEDM_CLUSTER_FEATURE_ROWS_H

#include <stdbool.h>

#include "cluster/workers.h"
#include "host/cli/failure.h"

typedef struct cluster_rows {
    const float *values; /* [count][width], all finite */
    uint64_t count;      /* 1..2^31 - 1 */
    uint32_t width;      /* 1..2^20 */
    const float *factor; /* [count], or NULL: 1 */
    const float *shift;  /* [width], or NULL: 0 */
    const float *scale;  /* [width], or NULL: 1 */
} cluster_rows;

/* Rows that a task takes at a time.  Sums over rows are of such blocks, in
 * order: part of the meaning. */
#define CLUSTER_BLOCK 256u

static inline uint32_t cluster_blocks(uint64_t count)
{
    return (uint32_t)((count + CLUSTER_BLOCK - 1) / CLUSTER_BLOCK);
}

/* Rows of block `index`. */
static inline uint32_t cluster_block_rows(uint64_t count, uint32_t index)
{
    const uint64_t left = count - (uint64_t)index * CLUSTER_BLOCK;

    return left < CLUSTER_BLOCK ? (uint32_t)left : CLUSTER_BLOCK;
}

/* Elements first .. first + n - 1 of a row, transformed. */
void cluster_row_part(const cluster_rows *rows, uint64_t row, uint32_t first,
                      uint32_t n, float *out);

/* Rows first .. first + n - 1, [n][width]. */
void cluster_rows_load(const cluster_rows *rows, uint64_t first, uint32_t n,
                       float *out);

/* Whether all rows are finite, and their sizes and those of their squares
 * representable: |x| < 2^50.  The failure names the first bad element with
 * `name` for the matrix. */
bool cluster_rows_check(const cluster_rows *rows, const cluster_workers *w,
                        const char *name, host_failure *f);

/* Mean and mean squared deviation from it of every column of the transformed
 * rows, [width] each; NULL: not wanted.  In double precision, over rows in
 * order. */
void cluster_rows_moments(const cluster_rows *rows, const cluster_workers *w,
                          double *mean, double *variance);

/* |x|^2 of every transformed row, [count]: the sums of the product kernel, to
 * the last bit. */
bool cluster_rows_squares(const cluster_rows *rows, const cluster_workers *w,
                          float *squares, host_failure *f);

/* Factors for rows of length 1, [count]: 1 / max(|x|, 1e-12) of the rows as
 * they are stored. */
bool cluster_rows_unit(const cluster_rows *rows, const cluster_workers *w,
                       float *factor, host_failure *f);

#endif
