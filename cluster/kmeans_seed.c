/* SPDX-License-Identifier: MIT
 *
 * kmeans_seed.c - greedy k-means++ [KMEANSPP], as scikit-learn draws. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/kmeans.h"
#include "cluster/panels.h"
#include "cluster/draws.h"
#include "cluster/shares.h"
#include "host/execution/agreement.h"

/* 2 + floor(ln count) for any count of 32 bits, and whole panels of it. */
#define CANDIDATES 32u

typedef struct seeding {
    const cluster_rows *rows;
    const float *squares;
    const cluster_kernels *kernels;
    float *closest;    /* [rows]: squared distance to the nearest chosen row;
                         each rank's own */
    float *distances;  /* [candidates][rows]: if that were chosen, too */
    double *sums;      /* [candidates][blocks] of them */
    double *potential; /* [blocks] of closest */
    int64_t candidates[CANDIDATES];
    uint32_t count; /* of candidates */
    float *packed;  /* them */
    float *scratch;
    size_t scratch_step;
} seeding;

/* ---- distances from candidates ------------------------------------------ */

/* What block `index` adds to candidate j's potential. */
static double add_block(const seeding *s, uint32_t index, uint32_t j,
                        const float *products)
{
    const uint64_t first = (uint64_t)index * CLUSTER_BLOCK;
    const uint32_t n = cluster_block_rows(s->rows->count, index);
    const size_t step = (size_t)cluster_panels(s->count) * CLUSTER_PANEL;
    const float square = s->squares[s->candidates[j]];
    float *distances = s->distances + j * s->rows->count + first;
    double sum = 0.0;

    for (uint32_t i = 0; i < n; i++) {
        const float distance =
            (s->squares[first + i] + square) - 2.0f * products[i * step + j];

        distances[i] = fminf(fmaxf(distance, 0.0f), s->closest[first + i]);
        sum += (double)distances[i];
    }
    return sum;
}

static void distance_task(void *arg, uint32_t index, uint32_t worker)
{
    const seeding *s = arg;
    const uint32_t width = s->rows->width, panels = cluster_panels(s->count);
    const uint32_t n = cluster_block_rows(s->rows->count, index);
    float *x = s->scratch + worker * s->scratch_step;
    float *products = x + (size_t)CLUSTER_BLOCK * width;
    const cluster_product product = {
        .a = x,
        .a_row = width,
        .runs = 1,
        .length = width,
        .b = s->packed,
        .panels = panels,
        .out = products,
        .out_row = (size_t)panels * CLUSTER_PANEL,
        .out_panel = CLUSTER_PANEL,
    };

    cluster_rows_load(s->rows, (uint64_t)index * CLUSTER_BLOCK, n, x);
    s->kernels->multiply(&product, n);
    for (uint32_t j = 0; j < s->count; j++) {
        s->sums[j * cluster_blocks(s->rows->count) + index] =
            add_block(s, index, j, products);
    }
}

/* Packs the candidates; scratch of the first worker holds them before. */
static void pack_candidates(seeding *s)
{
    const uint32_t width = s->rows->width;

    for (uint32_t j = 0; j < s->count; j++) {
        cluster_rows_load(s->rows, (uint64_t)s->candidates[j], 1,
                          s->scratch + (size_t)j * width);
    }
    cluster_pack(s->packed, s->scratch, width, s->count, width);
}

/* Chooses the candidate that leaves the lowest potential; returns it. */
static uint64_t choose(seeding *s, const cluster_workers *w)
{
    const uint32_t blocks = cluster_blocks(s->rows->count);
    double least = HUGE_VAL;
    uint32_t best = 0;

    pack_candidates(s);
    cluster_run_mine(w, distance_task, s, blocks, 1);
    for (uint32_t j = 0; j < s->count; j++) {
        double sum = 0.0;

        cluster_gather(s->sums + j * blocks, sizeof *s->sums, blocks, 1);
        for (uint32_t b = 0; b < blocks; b++) {
            sum += s->sums[j * blocks + b];
        }
        if (sum < least) {
            least = sum;
            best = j;
        }
    }
    memcpy(s->closest, s->distances + best * s->rows->count,
           s->rows->count * sizeof *s->closest);
    memcpy(s->potential, s->sums + best * blocks,
           blocks * sizeof *s->potential);
    return (uint64_t)s->candidates[best];
}

/* ---- drawing ------------------------------------------------------------ */

/* The first row up to which the potential reaches `share` of its total, on
 * the rank whose row it is; 0 on others. */
static int64_t draw(const seeding *s, double total, double share)
{
    const uint32_t blocks = cluster_blocks(s->rows->count);
    const double wanted = share * total;
    double before = 0.0;
    uint32_t block = 0;

    while (block + 1 < blocks && before + s->potential[block] < wanted) {
        before += s->potential[block++];
    }
    const cluster_share mine = cluster_share_mine(blocks, 1);
    uint64_t row = (uint64_t)block * CLUSTER_BLOCK;

    if (block < mine.first || block >= mine.first + mine.count) {
        return 0;
    }
    const uint64_t last = row + cluster_block_rows(s->rows->count, block) - 1;
    double sum = before + (double)s->closest[row];

    while (row < last && sum < wanted) {
        sum += (double)s->closest[++row];
    }
    return (int64_t)row;
}

static void draw_candidates(seeding *s, host_random_key *key, uint32_t count)
{
    const uint32_t blocks = cluster_blocks(s->rows->count);
    double total = 0.0;

    for (uint32_t b = 0; b < blocks; b++) {
        total += s->potential[b];
    }
    s->count = count;
    for (uint32_t j = 0; j < count; j++) {
        s->candidates[j] = draw(s, total, host_random_uniform(key, j));
    }
    cluster_add_up(s->candidates, count);
}

/* ---- the whole ---------------------------------------------------------- */

static bool allocate(seeding *s, uint32_t most, uint32_t workers)
{
    const uint64_t rows = s->rows->count;
    const size_t blocks = cluster_blocks(rows), width = s->rows->width;

    s->scratch_step = CLUSTER_BLOCK * (width + CANDIDATES);
    s->closest = malloc(rows * sizeof *s->closest);
    s->distances = malloc(rows * most * sizeof *s->distances);
    s->sums = malloc(blocks * most * sizeof *s->sums);
    s->potential = malloc(blocks * sizeof *s->potential);
    s->packed = malloc(cluster_packed(most, width) * sizeof *s->packed);
    s->scratch = malloc(workers * s->scratch_step * sizeof *s->scratch);
    return s->closest != NULL && s->distances != NULL && s->sums != NULL &&
           s->potential != NULL && s->packed != NULL && s->scratch != NULL;
}

bool cluster_seed_plusplus(const cluster_rows *rows, const float *squares,
                           uint32_t count, uint32_t seed, uint32_t run,
                           const cluster_workers *w, uint64_t *chosen,
                           host_failure *f)
{
    seeding s = {.rows = rows, .squares = squares, .kernels = w->kernels};
    host_random_key key = {
        .seed = seed, .purpose = CLUSTER_DRAW_SEEDING, .image = run};
    const uint32_t most = 2 + (uint32_t)log(count);
    const bool good =
        host_agree(allocate(&s, most, w->count) ||
                       host_fail(f, "out of memory for k-means++"),
                   f);

    for (uint64_t i = 0; good && i < rows->count; i++) {
        s.closest[i] = INFINITY;
    }
    if (good) {
        s.count = 1;
        s.candidates[0] =
            (int64_t)(host_random_uniform(&key, 0) * (double)rows->count);
        chosen[0] = choose(&s, w);
    }
    for (uint32_t c = 1; good && c < count; c++) {
        key.step = c;
        draw_candidates(&s, &key, most);
        chosen[c] = choose(&s, w);
    }
    free(s.closest);
    free(s.distances);
    free(s.sums);
    free(s.potential);
    free(s.packed);
    free(s.scratch);
    return good;
}
