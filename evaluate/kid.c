/* SPDX-License-Identifier: MIT
 *
 * kid.c - the kernel distance of two sets of features.
 *
 * A task is a block of rows of one sum of one pair; its part of the sum has
 * a place of its own, and the parts are added in order. */
#include "evaluate/kid.h"

#include <inttypes.h>
#include <stdlib.h>

#include "evaluate/row_tile.h"
#include "runtime/tasks.h"

typedef struct job {
    const evaluate_selection *x, *y;
    evaluate_tile *tiles; /* [workers] */
    uint32_t blocks;      /* of a sum, at most */
    double *parts;        /* [count][3][blocks]: of xx, yy, xy */
} job;

static double kernel(double product, double width)
{
    double base = product / width + 1;
    return base * base * base;
}

static double sum_tile(const evaluate_tile *t, double width)
{
    double sum = 0;
    for (uint32_t i = 0; i < t->left_rows; i++) {
        for (uint32_t k = 0; k < t->right_rows; k++) {
            sum += kernel(t->products[i * EVALUATE_TILE + k], width);
        }
    }
    return sum;
}

/* Without the products of rows with themselves. */
static double sum_diagonal_tile(const evaluate_tile *t, double width)
{
    double sum = 0;
    for (uint32_t i = 0; i < t->left_rows; i++) {
        for (uint32_t k = 0; k < i; k++) {
            sum += 2 * kernel(t->products[i * EVALUATE_TILE + k], width);
        }
    }
    return sum;
}

/* Of one set: tiles below the diagonal count twice. */
static double sum_within(evaluate_tile *t, const evaluate_selection *x,
                         uint64_t first)
{
    double sum = 0, width = (double)evaluate_width(x);
    evaluate_tile_left(t, x, first);
    for (uint64_t i = 0; i < first; i += EVALUATE_TILE) {
        evaluate_tile_right(t, x, i);
        sum += 2 * sum_tile(t, width);
    }
    evaluate_tile_right(t, x, first);
    return sum + sum_diagonal_tile(t, width);
}

static double sum_between(evaluate_tile *t, const evaluate_selection *x,
                          const evaluate_selection *y, uint64_t first)
{
    double sum = 0, width = (double)evaluate_width(x);
    evaluate_tile_left(t, x, first);
    for (uint64_t i = 0; i < y->count; i += EVALUATE_TILE) {
        evaluate_tile_right(t, y, i);
        sum += sum_tile(t, width);
    }
    return sum;
}

/* The longest tasks, the last blocks, come first. */
static void sum_block(void *arg, uint32_t index, uint32_t worker)
{
    job *j = arg;
    uint32_t pair = index / (3 * j->blocks), kind = index / j->blocks % 3;
    uint32_t block = j->blocks - 1 - index % j->blocks;
    const evaluate_selection *x = &j->x[pair], *y = &j->y[pair];
    const evaluate_selection *left = kind == 1 ? y : x;
    uint64_t first = (uint64_t)block * EVALUATE_TILE;
    if (first < left->count) {
        evaluate_tile *t = &j->tiles[worker];
        j->parts[(pair * 3 + kind) * j->blocks + block] =
            kind < 2 ? sum_within(t, left, first)
                     : sum_between(t, x, y, first);
    }
}

static double add(const double *parts, uint32_t blocks)
{
    double sum = 0;
    for (uint32_t i = 0; i < blocks; i++) {
        sum += parts[i];
    }
    return sum;
}

static double estimate(const job *j, uint32_t pair)
{
    const double *parts = j->parts + (uint64_t)pair * 3 * j->blocks;
    double n = (double)j->x[pair].count, m = (double)j->y[pair].count;
    return add(parts, j->blocks) / (n * (n - 1)) +
           add(parts + j->blocks, j->blocks) / (m * (m - 1)) -
           2 * add(parts + 2 * j->blocks, j->blocks) / (n * m);
}

bool evaluate_kid(const evaluate_selection *x, const evaluate_selection *y,
                  uint32_t count, const evaluate_threads *threads,
                  double *estimates, host_failure *f)
{
    job j = {.x = x, .y = y};
    for (uint32_t i = 0; i < count; i++) {
        uint64_t larger = x[i].count > y[i].count ? x[i].count : y[i].count;
        uint32_t blocks = evaluate_blocks(larger);
        j.blocks = blocks > j.blocks ? blocks : j.blocks;
    }
    j.tiles =
        evaluate_tiles_new(threads->workers, evaluate_width(x), false, f);
    j.parts = calloc(3 * (size_t)count, j.blocks * sizeof *j.parts);
    bool good = j.tiles != NULL && j.parts != NULL;
    if (good) {
        cedm_for_each(threads->parallel_for, threads->pool, sum_block, &j,
                      count * 3 * j.blocks);
    } else if (j.tiles != NULL) {
        (void)host_fail(f, "out of memory for sums");
    }
    for (uint32_t i = 0; good && i < count; i++) {
        estimates[i] = estimate(&j, i);
    }
    evaluate_tiles_free(j.tiles, threads->workers);
    free(j.parts);
    return good;
}
