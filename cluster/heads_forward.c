/* SPDX-License-Identifier: MIT
 *
 * heads_forward.c - heads evaluated, a block of rows at a time. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "cluster/heads.h"
#include "cluster/panels.h"
#include "cluster/shares.h"
#include "host/execution/agreement.h"

/* |z| is at least this. */
#define SHORTEST 1e-12f

void cluster_head_directions(const cluster_head_layout *l, const float *head,
                             float *directions, float *factor)
{
    const float *v = head + l->tensors[CLUSTER_HEAD_v].at;
    const float *g = head + l->tensors[CLUSTER_HEAD_g].at;
    const size_t panel = (size_t)l->bottleneck * CLUSTER_PANEL;

    for (uint32_t c = 0; c < l->clusters; c++) {
        const size_t at = c / CLUSTER_PANEL * panel + c % CLUSTER_PANEL;
        double square = 0.0;

        for (size_t k = 0; k < panel; k += CLUSTER_PANEL) {
            square += (double)v[at + k] * (double)v[at + k];
        }
        factor[c] =
            square > 0.0 ? (float)((double)g[c] / sqrt(square)) : 0.0f;
        for (size_t k = 0; k < panel; k += CLUSTER_PANEL) {
            directions[at + k] = v[at + k] * factor[c];
        }
    }
}

/* ---- layers ------------------------------------------------------------- */

/* Divides rows of z by their lengths; sums are over panels, then lanes. */
static void normalise(const cluster_head_layout *l, uint32_t first,
                      uint32_t n, const cluster_head_states *s)
{
    const size_t panel = s->stride * CLUSTER_PANEL;

    for (size_t row = first; row < first + n; row++) {
        float *z = s->normal + row * CLUSTER_PANEL;
        float sums[CLUSTER_PANEL] = {0}, square = 0.0f;

        for (uint32_t k = 0; k < l->bottleneck; k += CLUSTER_PANEL) {
            const float *x = z + k / CLUSTER_PANEL * panel;

            for (uint32_t c = 0; c < CLUSTER_PANEL; c++) {
                sums[c] += x[c] * x[c];
            }
        }
        for (uint32_t c = 0; c < CLUSTER_PANEL; c++) {
            square += sums[c];
        }
        s->length[row] = fmaxf(sqrtf(square), SHORTEST);
        for (uint32_t k = 0; k < l->bottleneck; k += CLUSTER_PANEL) {
            float *x = z + k / CLUSTER_PANEL * panel;

            for (uint32_t c = 0; c < CLUSTER_PANEL; c++) {
                x[c] /= s->length[row];
            }
        }
    }
}

/* Panels of columns, of rows first.. of a state. */
static cluster_product product(const float *a, float *out, size_t stride,
                               uint32_t first, uint32_t inner,
                               uint32_t columns)
{
    const size_t at = (size_t)first * CLUSTER_PANEL;

    return (cluster_product){
        .a = a + at,
        .a_row = CLUSTER_PANEL,
        .a_run = stride * CLUSTER_PANEL,
        .runs = inner / CLUSTER_PANEL,
        .length = CLUSTER_PANEL,
        .panels = columns / CLUSTER_PANEL,
        .init_panel = CLUSTER_PANEL,
        .out = out + at,
        .out_row = CLUSTER_PANEL,
        .out_panel = stride * CLUSTER_PANEL,
    };
}

void cluster_head_forward(const cluster_head_layout *l, const float *head,
                          const float *directions,
                          const cluster_kernels *kernels, const float *x,
                          uint32_t first, uint32_t n,
                          const cluster_head_states *s)
{
    const uint32_t width = l->shape.width;
    const size_t panel = s->stride * CLUSTER_PANEL;
    const size_t at = (size_t)first * CLUSTER_PANEL;
    cluster_product p = product(x, s->before, s->stride, first, 0, l->hidden);

    p.a = x + (size_t)first * width;
    p.a_row = width;
    p.runs = 1;
    p.length = width;
    p.b = head + l->tensors[CLUSTER_HEAD_w1].at;
    p.init = head + l->tensors[CLUSTER_HEAD_b1].at;
    kernels->multiply(&p, n);
    for (uint32_t k = 0; k < l->hidden / CLUSTER_PANEL; k++) {
        kernels->gelu(s->before + k * panel + at, s->after + k * panel + at,
                      (size_t)n * CLUSTER_PANEL);
    }
    p = product(s->after, s->normal, s->stride, first, l->hidden,
                l->bottleneck);
    p.b = head + l->tensors[CLUSTER_HEAD_w2].at;
    p.init = head + l->tensors[CLUSTER_HEAD_b2].at;
    kernels->multiply(&p, n);
    normalise(l, first, n, s);
    p = product(s->normal, NULL, s->stride, first, l->bottleneck,
                l->clusters);
    p.b = directions;
    p.out = s->logits + (size_t)first * l->clusters;
    p.out_row = l->clusters;
    p.out_panel = CLUSTER_PANEL;
    kernels->multiply(&p, n);
    for (uint32_t row = first; row < first + n; row++) {
        for (uint32_t c = l->shape.clusters; c < l->clusters; c++) {
            s->logits[(size_t)row * l->clusters + c] = -INFINITY;
        }
    }
}

/* ---- ids ---------------------------------------------------------------- */

typedef struct assignment {
    const cluster_head_layout *l;
    const float *head, *directions;
    const cluster_rows *rows;
    const cluster_kernels *kernels;
    float *scratch;
    size_t scratch_step;
    int32_t *ids;
} assignment;

/* States of one block in a worker's scratch, after its rows. */
static cluster_head_states states_of(const cluster_head_layout *l, float *at)
{
    cluster_head_states s = {.stride = CLUSTER_BLOCK};

    s.before = at;
    s.after = s.before + (size_t)CLUSTER_BLOCK * l->hidden;
    s.normal = s.after + (size_t)CLUSTER_BLOCK * l->hidden;
    s.logits = s.normal + (size_t)CLUSTER_BLOCK * l->bottleneck;
    s.length = s.logits + (size_t)CLUSTER_BLOCK * l->clusters;
    return s;
}

static int32_t largest(const float *logits, uint32_t clusters)
{
    uint32_t best = 0;

    for (uint32_t c = 1; c < clusters; c++) {
        best = logits[c] > logits[best] ? c : best;
    }
    return (int32_t)best;
}

static void assign_task(void *arg, uint32_t index, uint32_t worker)
{
    const assignment *a = arg;
    const cluster_head_layout *l = a->l;
    float *x = a->scratch + worker * a->scratch_step;
    const cluster_head_states s =
        states_of(l, x + (size_t)CLUSTER_BLOCK * l->shape.width);
    const uint64_t first = (uint64_t)index * CLUSTER_BLOCK;
    const uint32_t n = cluster_block_rows(a->rows->count, index);

    cluster_rows_load(a->rows, first, n, x);
    cluster_head_forward(l, a->head, a->directions, a->kernels, x, 0, n, &s);
    for (uint32_t i = 0; i < n; i++) {
        a->ids[first + i] =
            largest(s.logits + (size_t)i * l->clusters, l->shape.clusters);
    }
}

bool cluster_head_assign(const cluster_head_layout *l, const float *head,
                         const cluster_rows *rows, const cluster_workers *w,
                         int32_t *ids, host_failure *f)
{
    const size_t floats = l->tensors[CLUSTER_HEAD_v].floats;
    float *directions = malloc((floats + l->clusters) * sizeof *directions);
    assignment a = {.l = l,
                    .head = head,
                    .directions = directions,
                    .rows = rows,
                    .kernels = w->kernels,
                    .ids = ids};
    bool good;

    a.scratch_step =
        CLUSTER_BLOCK * ((size_t)l->shape.width + 2 * (size_t)l->hidden +
                         l->bottleneck + l->clusters + 1);
    a.scratch = malloc(w->count * a.scratch_step * sizeof *a.scratch);
    good = host_agree((a.scratch != NULL && directions != NULL) ||
                          host_fail(f, "out of memory for a head"),
                      f);
    if (good) {
        cluster_head_directions(l, head, directions, directions + floats);
        cluster_run_mine(w, assign_task, &a, cluster_blocks(rows->count), 1);
        cluster_gather(ids, sizeof *ids, rows->count, CLUSTER_BLOCK);
    }
    free(a.scratch);
    free(directions);
    return good;
}
