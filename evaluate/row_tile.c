/* SPDX-License-Identifier: MIT
 *
 * row_tile.c - inner products of the rows of two feature matrices. */
#include "evaluate/row_tile.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include <cblas.h>

evaluate_tile *evaluate_tiles_new(uint32_t workers, uint64_t width, bool unit,
                                  host_failure *f)
{
    evaluate_tile *tiles = calloc(workers, sizeof *tiles);
    bool good = tiles != NULL;
    for (uint32_t i = 0; good && i < workers; i++) {
        evaluate_tile *t = &tiles[i];
        t->unit = unit;
        t->left = calloc(EVALUATE_TILE, width * sizeof *t->left);
        t->right = calloc(EVALUATE_TILE, width * sizeof *t->right);
        t->products =
            calloc(EVALUATE_TILE, EVALUATE_TILE * sizeof *t->products);
        good = t->left != NULL && t->right != NULL && t->products != NULL;
    }
    if (!good) {
        (void)host_fail(
            f, "out of memory for blocks of %u rows of %" PRIu64 " features",
            EVALUATE_TILE, width);
        evaluate_tiles_free(tiles, workers);
        return NULL;
    }
    return tiles;
}

void evaluate_tiles_free(evaluate_tile *tiles, uint32_t workers)
{
    for (uint32_t i = 0; tiles != NULL && i < workers; i++) {
        free(tiles[i].left);
        free(tiles[i].right);
        free(tiles[i].products);
    }
    free(tiles);
}

uint32_t evaluate_blocks(uint64_t rows)
{
    return (uint32_t)((rows + EVALUATE_TILE - 1) / EVALUATE_TILE);
}

static void scale(double *row, uint64_t width, double *square)
{
    double length = sqrt(*square);
    for (uint64_t k = 0; length > 0 && k < width; k++) {
        row[k] /= length;
    }
    *square = length > 0 ? 1 : 0;
}

/* Returns how many rows there are. */
static uint32_t load(const evaluate_tile *t, const evaluate_selection *rows,
                     uint64_t first, double *block, double *squares)
{
    uint64_t left = rows->count - first, width = evaluate_width(rows);
    uint32_t n = left < EVALUATE_TILE ? (uint32_t)left : EVALUATE_TILE;
    evaluate_read(rows, first, n, block);
    for (uint32_t i = 0; i < n; i++) {
        squares[i] = evaluate_square(block + i * width, width);
        if (t->unit) {
            scale(block + i * width, width, &squares[i]);
        }
    }
    return n;
}

void evaluate_tile_left(evaluate_tile *t, const evaluate_selection *rows,
                        uint64_t first)
{
    t->left_rows = load(t, rows, first, t->left, t->left_squares);
}

void evaluate_tile_right(evaluate_tile *t, const evaluate_selection *rows,
                         uint64_t first)
{
    int width = (int)evaluate_width(rows);
    t->right_rows = load(t, rows, first, t->right, t->right_squares);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)t->left_rows,
                (int)t->right_rows, width, 1.0, t->left, width, t->right,
                width, 0.0, t->products, EVALUATE_TILE);
}
