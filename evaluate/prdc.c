/* SPDX-License-Identifier: MIT
 *
 * prdc.c - precision, recall, density and coverage.
 *
 * Two passes for each set: its radii, then which rows of the other set its
 * balls hold.  In both the set is on the left of the tiles, so that distances
 * of equal rows are equal to the last bit. */
#include "evaluate/prdc.h"

#include <inttypes.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "evaluate/row_tile.h"
#include "runtime/tasks.h"

typedef struct job {
    const evaluate_selection *centres, *others;
    uint32_t k;
    bool closed;
    evaluate_tile *tiles;          /* [workers] */
    double *nearest;               /* [workers][EVALUATE_TILE][k] */
    double *radii;                 /* [centres], squared */
    uint64_t *held;                /* [centres]: others inside the ball */
    _Atomic unsigned char *inside; /* [others]: in some ball */
} job;

/* ---- radii -------------------------------------------------------------- */

/* Keeps the k smallest distances, ascending. */
static void insert(double *nearest, uint32_t k, double distance)
{
    if (distance >= nearest[k - 1]) {
        return;
    }
    uint32_t at = k - 1;
    for (; at > 0 && nearest[at - 1] > distance; at--) {
        nearest[at] = nearest[at - 1];
    }
    nearest[at] = distance;
}

static void insert_tile(const evaluate_tile *t, double *nearest, uint32_t k,
                        bool diagonal)
{
    for (uint32_t i = 0; i < t->left_rows; i++) {
        for (uint32_t o = 0; o < t->right_rows; o++) {
            if (!diagonal || o != i) {
                insert(nearest + i * k, k, evaluate_tile_distance(t, i, o));
            }
        }
    }
}

static void find_radii(void *arg, uint32_t index, uint32_t worker)
{
    job *j = arg;
    evaluate_tile *t = &j->tiles[worker];
    uint64_t first = (uint64_t)index * EVALUATE_TILE;
    double *nearest = j->nearest + (uint64_t)worker * EVALUATE_TILE * j->k;
    for (uint32_t i = 0; i < EVALUATE_TILE * j->k; i++) {
        nearest[i] = (double)INFINITY;
    }
    evaluate_tile_left(t, j->centres, first);
    for (uint64_t o = 0; o < j->centres->count; o += EVALUATE_TILE) {
        evaluate_tile_right(t, j->centres, o);
        insert_tile(t, nearest, j->k, o == first);
    }
    for (uint32_t i = 0; i < t->left_rows; i++) {
        j->radii[first + i] = nearest[i * j->k + j->k - 1];
    }
}

/* ---- balls -------------------------------------------------------------- */

static void look_into_balls(job *j, const evaluate_tile *t, uint64_t first,
                            uint64_t other)
{
    for (uint32_t i = 0; i < t->left_rows; i++) {
        double radius = j->radii[first + i];
        for (uint32_t o = 0; o < t->right_rows; o++) {
            double distance = evaluate_tile_distance(t, i, o);
            if (distance < radius || (j->closed && distance == radius)) {
                j->held[first + i]++;
                atomic_store_explicit(&j->inside[other + o], 1,
                                      memory_order_relaxed);
            }
        }
    }
}

static void fill_balls(void *arg, uint32_t index, uint32_t worker)
{
    job *j = arg;
    evaluate_tile *t = &j->tiles[worker];
    uint64_t first = (uint64_t)index * EVALUATE_TILE;
    evaluate_tile_left(t, j->centres, first);
    for (uint64_t o = 0; o < j->others->count; o += EVALUATE_TILE) {
        evaluate_tile_right(t, j->others, o);
        look_into_balls(j, t, first, o);
    }
}

/* ---- both --------------------------------------------------------------- */

static bool begin(job *j, const evaluate_threads *threads, host_failure *f)
{
    uint64_t n = j->centres->count, m = j->others->count;
    j->tiles = evaluate_tiles_new(threads->workers,
                                  evaluate_width(j->centres), false, f);
    j->nearest =
        calloc(threads->workers, EVALUATE_TILE * j->k * sizeof *j->nearest);
    j->radii = calloc(n, sizeof *j->radii);
    j->held = calloc(n, sizeof *j->held);
    j->inside = calloc(m, sizeof *j->inside);
    return j->tiles != NULL &&
           ((j->nearest != NULL && j->radii != NULL && j->held != NULL &&
             j->inside != NULL) ||
            host_fail(f, "out of memory for neighbours of %" PRIu64 " rows",
                      n));
}

static void end(job *j, const evaluate_threads *threads)
{
    evaluate_tiles_free(j->tiles, threads->workers);
    free(j->nearest);
    free(j->radii);
    free(j->held);
    free(j->inside);
}

/* Of the balls around one set. */
typedef struct share {
    double inside;  /* share of the others in some ball */
    double covered; /* share of the balls with some other in it */
    double mean;    /* balls around an other */
} share;

static share count_shares(const job *j)
{
    uint64_t n = j->centres->count, m = j->others->count;
    uint64_t pairs = 0, covered = 0, inside = 0;
    for (uint64_t i = 0; i < n; i++) {
        pairs += j->held[i];
        covered += j->held[i] > 0;
    }
    for (uint64_t i = 0; i < m; i++) {
        inside += j->inside[i];
    }
    return (share){(double)inside / (double)m, (double)covered / (double)n,
                   (double)pairs / (double)m};
}

static bool share_of(const evaluate_selection *centres,
                     const evaluate_selection *others,
                     const evaluate_prdc_config *config,
                     const evaluate_threads *threads, share *out,
                     host_failure *f)
{
    job j = {.centres = centres,
             .others = others,
             .k = config->neighbours,
             .closed = config->closed};
    bool good = begin(&j, threads, f);
    if (good) {
        uint32_t blocks = evaluate_blocks(centres->count);
        cedm_for_each(threads->parallel_for, threads->pool, find_radii, &j,
                      blocks);
        cedm_for_each(threads->parallel_for, threads->pool, fill_balls, &j,
                      blocks);
        *out = count_shares(&j);
    }
    end(&j, threads);
    return good;
}

bool evaluate_prdc(const evaluate_selection *real,
                   const evaluate_selection *fake,
                   const evaluate_prdc_config *config,
                   const evaluate_threads *threads,
                   evaluate_prdc_result *result, host_failure *f)
{
    share of_real, of_fake;
    if (!share_of(real, fake, config, threads, &of_real, f) ||
        !share_of(fake, real, config, threads, &of_fake, f)) {
        return false;
    }
    *result =
        (evaluate_prdc_result){.precision = of_real.inside,
                               .recall = of_fake.inside,
                               .density = of_real.mean / config->neighbours,
                               .coverage = of_real.covered};
    return true;
}
