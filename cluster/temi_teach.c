/* SPDX-License-Identifier: MIT
 *
 * temi_teach.c - what the teacher says of a batch: probabilities, how often
 * each cluster is meant, and which pairs belong together. */
#include <math.h>

#include "cluster/shares.h"
#include "cluster/temi_parts.h"

/* Share of the old marginal that stays. */
#define MARGINAL_MOMENTUM 0.9

/* What 1 / p is at most: a cluster that is never meant. */
#define RAREST 1e-30

typedef struct lesson {
    cluster_temi *t;
    float scale; /* 1 / temperature */
} lesson;

static size_t row_at(const cluster_temi *t, uint32_t head, uint32_t row)
{
    return ((size_t)head * 2 * t->options.batch + row) * t->layout.clusters;
}

/* States of a block in a worker's scratch. */
static cluster_head_states states_of(const cluster_temi *t, uint32_t worker)
{
    const cluster_head_layout *l = &t->layout;
    void *scratch = t->arrays.scratch + worker * t->arrays.scratch_step;
    cluster_head_states s = {.stride = CLUSTER_TEMI_ROWS, .before = scratch};

    s.after = s.before + (size_t)CLUSTER_TEMI_ROWS * l->hidden;
    s.normal = s.after + (size_t)CLUSTER_TEMI_ROWS * l->hidden;
    s.logits = s.normal + (size_t)CLUSTER_TEMI_ROWS * l->bottleneck;
    s.length = s.logits + (size_t)CLUSTER_TEMI_ROWS * l->clusters;
    return s;
}

static void teacher_task(void *arg, uint32_t index, uint32_t worker)
{
    const lesson *a = arg;
    cluster_temi *t = a->t;
    const cluster_head_layout *l = &t->layout;
    const uint32_t blocks = cluster_temi_blocks(t);
    const uint32_t head = index / blocks, block = index % blocks;
    const uint32_t first = block * CLUSTER_TEMI_ROWS;
    const uint32_t n = cluster_temi_block(t, block);
    const cluster_head_states s = states_of(t, worker);

    cluster_head_forward(
        l, cluster_temi_teacher(t, head),
        cluster_temi_directions(t, true, head), t->workers->kernels,
        t->arrays.x + (size_t)first * l->shape.width, 0, n, &s);
    for (uint32_t i = 0; i < n; i++) {
        const size_t at = row_at(t, head, first + i);

        t->workers->kernels->softmax(s.logits + (size_t)i * l->clusters,
                                     a->scale, l->clusters / CLUSTER_PANEL,
                                     t->arrays.teacher_q + at,
                                     t->arrays.teacher_log + at);
    }
}

/* Of one head; sums of both views over rows in order. */
static void marginal_task(void *arg, uint32_t index, uint32_t worker)
{
    cluster_temi *t = arg;
    const uint32_t clusters = t->layout.shape.clusters;
    const uint32_t rows = 2 * t->options.batch;
    double *p = t->state.marginal + (size_t)index * clusters;
    float *inverse = t->arrays.inverse + (size_t)index * t->layout.clusters;
    const float *q = t->arrays.teacher_q + row_at(t, index, 0);

    (void)worker;
    for (uint32_t c = 0; c < t->layout.clusters; c++) {
        inverse[c] = 0.0f;
    }
    for (uint32_t first = 0; first < clusters; first += CLUSTER_PANEL) {
        double sums[CLUSTER_PANEL] = {0};

        for (uint32_t row = 0; row < rows; row++) {
            const float *of_row =
                q + (size_t)row * t->layout.clusters + first;

            for (uint32_t i = 0; i < CLUSTER_PANEL; i++) {
                sums[i] += (double)of_row[i];
            }
        }
        for (uint32_t c = first; c < clusters && c < first + CLUSTER_PANEL;
             c++) {
            p[c] = MARGINAL_MOMENTUM * p[c] +
                   (1.0 - MARGINAL_MOMENTUM) * (sums[c - first] / rows);
            inverse[c] = t->options.loss == CLUSTER_LOSS_scan
                             ? 1.0f
                             : (float)(1.0 / fmax(p[c], RAREST));
        }
    }
}

/* Overlaps of one head. */
static void overlap_task(void *arg, uint32_t index, uint32_t worker)
{
    cluster_temi *t = arg;
    const uint32_t batch = t->options.batch;
    float *overlaps = t->arrays.overlaps + (size_t)index * batch;

    (void)worker;
    for (uint32_t b = 0; b < batch; b++) {
        overlaps[b] = t->workers->kernels->overlap(
            t->arrays.teacher_q + row_at(t, index, b),
            t->arrays.teacher_q + row_at(t, index, batch + b),
            t->layout.clusters / CLUSTER_PANEL);
    }
}

/* w: the mean of the heads' overlaps, the only thing that heads tell each
 * other. */
static void set_weights(cluster_temi *t)
{
    const uint32_t batch = t->options.batch, heads = t->options.heads;

    cluster_gather(t->arrays.overlaps, batch * sizeof *t->arrays.overlaps,
                   heads, 1);
    for (uint32_t b = 0; b < batch; b++) {
        double sum = 0.0;

        for (uint32_t head = 0; head < heads; head++) {
            sum += (double)t->arrays.overlaps[(size_t)head * batch + b];
        }
        t->arrays.weights[b] = (float)(sum / heads);
    }
}

void cluster_temi_teach(cluster_temi *t, double temperature)
{
    const uint32_t heads = t->options.heads, blocks = cluster_temi_blocks(t);
    lesson a = {t, (float)(1.0 / temperature)};

    cluster_run_mine(t->workers, teacher_task, &a, (uint64_t)heads * blocks,
                     blocks);
    cluster_run_mine(t->workers, marginal_task, t, heads, 1);
    cluster_run_mine(t->workers, overlap_task, t, heads, 1);
    set_weights(t);
}
