/* SPDX-License-Identifier: MIT
 *
 * row_tile.h - inner products of the rows of two feature matrices, a block of
 * each at a time: what KID, PRDC and AUROC look at, without the matrix of
 * all pairs.
 *
 *     evaluate_tile_left(t, x, i)             rows i .. of x
 *     for (j = 0; j < y->count; j += EVALUATE_TILE)
 *         evaluate_tile_right(t, y, j)        rows j .. of y
 *         ... t->products[a * EVALUATE_TILE + b] ...
 *
 * A product depends on its two rows, on their blocks and on which is left,
 * on nothing else. */
#ifndef CEDM_EVALUATE_ROW_TILE_H
#define CEDM_EVALUATE_ROW_TILE_H

#include "evaluate/selection.h"

/* Rows of a block. */
#define EVALUATE_TILE 256u

typedef struct evaluate_tile {
    uint32_t left_rows, right_rows; /* of the present blocks, 1..256 */
    double *products; /* [left_rows][EVALUATE_TILE]: left . right */
    double left_squares[EVALUATE_TILE], right_squares[EVALUATE_TILE];
    double *left, *right; /* private: [EVALUATE_TILE][width] each */
    bool unit;            /* private: rows are scaled to length 1 */
} evaluate_tile;

/* One tile for each worker, to be freed; NULL on error.  With `unit`, rows
 * are scaled to length 1 when they are read, but for those of zeros, and
 * products are cosines.  Memory: 512 width + 2^16 doubles each. */
evaluate_tile *evaluate_tiles_new(uint32_t workers, uint64_t width, bool unit,
                                  host_failure *f);
void evaluate_tiles_free(evaluate_tile *tiles, uint32_t workers);

/* Blocks of that many rows; a number of tasks. */
uint32_t evaluate_blocks(uint64_t rows);

/* Reads the block that begins with row `first` of the selection, and the
 * squares of its rows. */
void evaluate_tile_left(evaluate_tile *t, const evaluate_selection *rows,
                        uint64_t first);

/* The same for the other side, and then all products. */
void evaluate_tile_right(evaluate_tile *t, const evaluate_selection *rows,
                         uint64_t first);

/* The squared distance of row i on the left and row k on the right, 0 and
 * more. */
static inline double evaluate_tile_distance(const evaluate_tile *t,
                                            uint32_t i, uint32_t k)
{
    double d = t->left_squares[i] + t->right_squares[k] -
               2 * t->products[i * EVALUATE_TILE + k];
    return d > 0 ? d : 0;
}

#endif
