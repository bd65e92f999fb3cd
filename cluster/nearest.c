/* SPDX-License-Identifier: MIT
 *
 * nearest.c - scores of a block of rows, some centres at a time. */
#include "cluster/nearest.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "cluster/panels.h"

/* Panels whose scores exist at a time: with 96 rows they leave most of a
 * second-level cache of 256 KiB to the rows. */
#define PANELS 16u

bool cluster_centres_open(cluster_centres *c, uint32_t count, uint32_t width,
                          host_failure *f)
{
    *c = (cluster_centres){.count = count, .width = width};
    c->packed = malloc(cluster_packed(count, width) * sizeof *c->packed);
    c->bias = malloc(cluster_packed(count, 1) * sizeof *c->bias);
    if (c->packed == NULL || c->bias == NULL) {
        cluster_centres_close(c);
        return host_fail(f, "out of memory for %u centres", count);
    }
    return true;
}

void cluster_centres_close(cluster_centres *c)
{
    free(c->packed);
    free(c->bias);
    *c = (cluster_centres){0};
}

/* ---- packing ------------------------------------------------------------ */

typedef struct packing {
    cluster_centres *to;
    const float *centres;
} packing;

static void pack_task(void *arg, uint32_t index, uint32_t worker)
{
    const packing *p = arg;
    const uint32_t first = index * CLUSTER_PANEL, width = p->to->width;
    const uint32_t left = p->to->count - first;
    const uint32_t n = left < CLUSTER_PANEL ? left : CLUSTER_PANEL;
    float *panel = p->to->packed + (size_t)first * width;

    (void)worker;
    cluster_pack(panel, p->centres + (size_t)first * width, width, n, width);
    for (uint32_t c = 0; c < CLUSTER_PANEL; c++) {
        double square = 0.0;

        for (uint32_t k = 0; k < width; k++) {
            float *value = panel + (size_t)k * CLUSTER_PANEL + c;

            square += (double)*value * (double)*value;
            *value *= 2.0f;
        }
        p->to->bias[first + c] = c < n ? (float)-square : -INFINITY;
    }
}

void cluster_centres_set(cluster_centres *c, const float *centres,
                         const cluster_workers *w)
{
    packing p = {c, centres};
    float largest = 0.0f;

    cluster_run(w, pack_task, &p, cluster_panels(c->count));
    for (uint32_t i = 0; i < c->count; i++) {
        largest = fmaxf(largest, -c->bias[i]);
    }
    c->largest = sqrtf(largest) * (1.0f + 4.0f * FLT_EPSILON);
}

/* ---- scores ------------------------------------------------------------- */

size_t cluster_nearest_scratch(uint32_t n)
{
    return ((size_t)n * CLUSTER_PANEL + 1) * PANELS;
}

/* The best two of what was found and of products, to which `bias` is added. */
static void merge(cluster_nearest *best, const float *products,
                  const float *bias, uint32_t panels, const float *largest,
                  uint32_t first)
{
    cluster_nearest b = *best;

    for (uint32_t p = 0; p < panels; p++) {
        if (!(largest[p] > b.second)) {
            continue;
        }
        for (uint32_t i = p * CLUSTER_PANEL; i < (p + 1) * CLUSTER_PANEL;
             i++) {
            const float score = products[i] + bias[i];

            if (score > b.score) {
                b = (cluster_nearest){first + i, score, b.score};
            } else if (score > b.second) {
                b.second = score;
            }
        }
    }
    *best = b;
}

/* -|c|^2 is added last: a chain that began with it would lose the low bits of
 * every product. */
void cluster_nearest_find(const cluster_centres *c,
                          const cluster_kernels *kernels, const float *x,
                          uint32_t n, float *scratch, cluster_nearest *out)
{
    const uint32_t all = cluster_panels(c->count);
    float *largest = scratch + (size_t)n * CLUSTER_PANEL * PANELS;

    for (uint32_t i = 0; i < n; i++) {
        out[i] = (cluster_nearest){0, -INFINITY, -INFINITY};
    }
    for (uint32_t first = 0; first < all; first += PANELS) {
        const uint32_t panels = all - first < PANELS ? all - first : PANELS;
        const size_t row = (size_t)panels * CLUSTER_PANEL;
        const cluster_product product = {
            .a = x,
            .a_row = c->width,
            .runs = 1,
            .length = c->width,
            .b = c->packed + (size_t)first * CLUSTER_PANEL * c->width,
            .panels = panels,
            .out = scratch,
            .out_row = row,
            .out_panel = CLUSTER_PANEL,
        };

        const float *bias = c->bias + (size_t)first * CLUSTER_PANEL;

        kernels->multiply(&product, n);
        for (uint32_t i = 0; i < n; i++) {
            kernels->largest(scratch + i * row, bias, panels, largest);
            merge(&out[i], scratch + i * row, bias, panels, largest,
                  first * CLUSTER_PANEL);
        }
    }
}

float cluster_score_error(const cluster_centres *c, float size)
{
    const float terms = (float)(c->width + 8);
    const float sum = size + c->largest;

    return terms * FLT_EPSILON * (sum * sum);
}

/* ---- all rows ----------------------------------------------------------- */

typedef struct assignment {
    const cluster_rows *rows;
    const cluster_centres *centres;
    const cluster_kernels *kernels;
    float *scratch;
    size_t scratch_step;
    int32_t *labels;
} assignment;

static void assign_task(void *arg, uint32_t index, uint32_t worker)
{
    const assignment *a = arg;
    const uint32_t n = cluster_block_rows(a->rows->count, index);
    const uint64_t first = (uint64_t)index * CLUSTER_BLOCK;
    float *x = a->scratch + worker * a->scratch_step;
    float *scores = x + (size_t)CLUSTER_BLOCK * a->rows->width;
    cluster_nearest found[CLUSTER_BLOCK];

    cluster_rows_load(a->rows, first, n, x);
    cluster_nearest_find(a->centres, a->kernels, x, n, scores, found);
    for (uint32_t i = 0; i < n; i++) {
        a->labels[first + i] = (int32_t)found[i].index;
    }
}

bool cluster_assign_nearest(const cluster_rows *rows, const float *centres,
                            uint32_t count, const cluster_workers *w,
                            int32_t *labels, host_failure *f)
{
    cluster_centres c;
    assignment a = {
        .rows = rows, .centres = &c, .kernels = w->kernels, .labels = labels};
    bool good = cluster_centres_open(&c, count, rows->width, f);

    a.scratch_step = (size_t)CLUSTER_BLOCK * rows->width +
                     cluster_nearest_scratch(CLUSTER_BLOCK);
    a.scratch = malloc(w->count * a.scratch_step * sizeof *a.scratch);
    if (good && a.scratch == NULL) {
        good = host_fail(f, "out of memory for a block of features");
    }
    if (good) {
        cluster_centres_set(&c, centres, w);
        cluster_run(w, assign_task, &a, cluster_blocks(rows->count));
    }
    free(a.scratch);
    cluster_centres_close(&c);
    return good;
}
