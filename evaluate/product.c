/* SPDX-License-Identifier: MIT
 *
 * product.c - products of matrices of doubles, tile by tile. */
#include "evaluate/product.h"

#include <cblas.h>

#include "runtime/tasks.h"

/* Rows and columns of a tile: large enough for BLAS to run at full speed,
 * small enough that 2048 columns are work for many threads. */
#define TILE 256u

typedef struct job {
    const double *a, *b;
    double *out;
    uint64_t n, m, width;
    uint32_t across; /* tiles in a row of the result */
} job;

static uint32_t tiles(uint64_t size)
{
    return (uint32_t)((size + TILE - 1) / TILE);
}

/* Rows of the tile that begins at `begin`. */
static int extent(uint64_t begin, uint64_t size)
{
    return (int)(size - begin < TILE ? size - begin : TILE);
}

static void multiply_tile(void *arg, uint32_t index, uint32_t worker)
{
    const job *j = arg;
    uint64_t row = (uint64_t)(index / j->across) * TILE;
    uint64_t column = (uint64_t)(index % j->across) * TILE;
    (void)worker;
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, extent(row, j->n),
                extent(column, j->m), (int)j->width, 1.0,
                j->a + row * j->width, (int)j->width,
                j->b + column * j->width, (int)j->width, 0.0,
                j->out + row * j->m + column, (int)j->m);
}

void evaluate_products(const evaluate_threads *threads, uint64_t n,
                       uint64_t m, uint64_t width, const double *a,
                       const double *b, double *out)
{
    job j = {a, b, out, n, m, width, tiles(m)};
    cedm_for_each(threads->parallel_for, threads->pool, multiply_tile, &j,
                  tiles(n) * tiles(m));
}

/* Tile number `index` of those with column <= row, row by row. */
static void add_outer_tile(void *arg, uint32_t index, uint32_t worker)
{
    const job *j = arg;
    (void)worker;
    uint32_t tile_row = 0;
    while (index > tile_row) {
        index -= ++tile_row;
    }
    uint64_t row = (uint64_t)tile_row * TILE, column = (uint64_t)index * TILE;
    int width = (int)j->width;
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans,
                extent(row, j->width), extent(column, j->width), (int)j->n,
                1.0, j->a + row, width, j->a + column, width, 1.0,
                j->out + row * j->width + column, width);
}

void evaluate_add_outer(const evaluate_threads *threads, uint64_t count,
                        uint64_t width, const double *rows, double *sum)
{
    job j = {.a = rows, .out = sum, .n = count, .width = width};
    uint32_t across = tiles(width);
    cedm_for_each(threads->parallel_for, threads->pool, add_outer_tile, &j,
                  across * (across + 1) / 2);
}

void evaluate_mirror(uint64_t width, double *a)
{
    for (uint64_t i = 0; i < width; i++) {
        for (uint64_t k = 0; k < i; k++) {
            a[k * width + i] = a[i * width + k];
        }
    }
}
