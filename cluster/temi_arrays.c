/* SPDX-License-Identifier: MIT
 *
 * temi_arrays.c - the memory of a step, and what a step begins with. */
#include <stdlib.h>

#include "cluster/shares.h"
#include "cluster/temi_parts.h"

/* ---- memory ------------------------------------------------------------- */

/* Floats of an array if there is memory for all so far. */
static bool take(float **array, size_t floats, bool good)
{
    *array = good ? malloc(floats * sizeof **array) : NULL;
    return *array != NULL;
}

static bool take_states(cluster_temi *t, size_t rows)
{
    const cluster_head_layout *l = &t->layout;
    cluster_temi_arrays *a = &t->arrays;
    cluster_head_states *s = &a->states;
    bool good = take(&s->before, l->hidden * rows, true);

    s->stride = rows;
    good = take(&s->after, l->hidden * rows, good);
    good = take(&s->normal, l->bottleneck * rows, good);
    good = take(&s->length, rows, good);
    good = take(&s->logits, l->clusters * rows, good);
    good = take(&a->turned_after, l->hidden * rows, good);
    good = take(&a->turned_normal, l->bottleneck * rows, good);
    good = take(&a->d_logits, l->clusters * rows, good);
    good = take(&a->d_normal, l->bottleneck * rows, good);
    return take(&a->d_hidden, l->hidden * rows, good);
}

static bool take_heads(cluster_temi *t, size_t rows)
{
    const cluster_head_layout *l = &t->layout;
    const size_t heads = t->options.heads;
    const size_t directions = l->tensors[CLUSTER_HEAD_v].floats;
    cluster_temi_arrays *a = &t->arrays;
    bool good = take(&a->grads, heads * l->floats, true);

    good = take(&a->directions, 2 * heads * (directions + l->clusters), good);
    good = take(&a->turned_directions, heads * directions, good);
    good =
        take(&a->turned_w2, heads * l->tensors[CLUSTER_HEAD_w2].floats, good);
    good = take(&a->teacher_q, heads * rows * l->clusters, good);
    good = take(&a->teacher_log, heads * rows * l->clusters, good);
    return take(&a->inverse, heads * l->clusters, good);
}

bool cluster_temi_arrays_open(cluster_temi *t)
{
    const cluster_head_layout *l = &t->layout;
    const size_t batch = t->options.batch, rows = 2 * batch;
    cluster_temi_arrays *a = &t->arrays;
    bool good = take_states(t, rows) && take_heads(t, rows);

    good = take(&a->x, rows * l->shape.width, good);
    good = take(&a->turned_x, rows * l->shape.width, good);
    good = take(&a->weights, batch, good);
    good = take(&a->overlaps, t->options.heads * batch, good);
    good = take(&a->q, rows * l->clusters, good);
    good = take(&a->log_q, rows * l->clusters, good);
    a->scratch_step =
        CLUSTER_TEMI_ROWS * sizeof(float) *
        (2 * (size_t)l->hidden + l->bottleneck + l->clusters + 1);
    a->scratch = malloc(t->workers->count * a->scratch_step);
    a->row_loss = malloc(t->options.heads * rows * sizeof *a->row_loss);
    a->pairs = malloc(rows * sizeof *a->pairs);
    a->mean = malloc(2 * l->clusters * sizeof *a->mean);
    return good && a->mean != NULL && a->scratch != NULL &&
           a->row_loss != NULL && a->pairs != NULL;
}

void cluster_temi_arrays_close(cluster_temi_arrays *a)
{
    void *const parts[] = {
        a->x,
        a->turned_x,
        a->directions,
        a->turned_directions,
        a->turned_w2,
        a->teacher_q,
        a->teacher_log,
        a->weights,
        a->overlaps,
        a->inverse,
        a->q,
        a->log_q,
        a->mean,
        a->states.before,
        a->states.after,
        a->states.normal,
        a->states.length,
        a->states.logits,
        a->turned_after,
        a->turned_normal,
        a->d_logits,
        a->d_normal,
        a->d_hidden,
        a->grads,
        a->row_loss,
        a->pairs,
        a->scratch,
    };

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        free(parts[i]);
    }
    *a = (cluster_temi_arrays){0};
}

/* ---- rows of the batch -------------------------------------------------- */

static void gather_task(void *arg, uint32_t index, uint32_t worker)
{
    const cluster_temi *t = arg;
    const uint32_t width = t->layout.shape.width;
    const uint32_t first = index * CLUSTER_TEMI_ROWS;
    const uint32_t end = first + cluster_temi_block(t, index);

    (void)worker;
    for (uint32_t i = first; i < end; i++) {
        cluster_row_part(&t->rows, t->arrays.pairs[i], 0, width,
                         t->arrays.x + (size_t)i * width);
    }
}

/* Sixteen columns: lines of x are read once, those of turned_x written in
 * pieces of sixteen. */
static void turn_task(void *arg, uint32_t index, uint32_t worker)
{
    const cluster_temi *t = arg;
    const uint32_t width = t->layout.shape.width;
    const uint32_t first = index * CLUSTER_PANEL, left = width - first;
    const uint32_t n = left < CLUSTER_PANEL ? left : CLUSTER_PANEL;
    const uint32_t rows = 2 * t->options.batch;

    (void)worker;
    for (uint32_t row = 0; row < rows; row += CLUSTER_PANEL) {
        const uint32_t end =
            rows - row < CLUSTER_PANEL ? rows : row + CLUSTER_PANEL;

        for (uint32_t c = first; c < first + n; c++) {
            for (uint32_t i = row; i < end; i++) {
                t->arrays.turned_x[(size_t)c * rows + i] =
                    t->arrays.x[(size_t)i * width + c];
            }
        }
    }
}

/* ---- weights ------------------------------------------------------------ */

static void weights_task(void *arg, uint32_t index, uint32_t worker)
{
    cluster_temi *t = arg;
    const cluster_head_layout *l = &t->layout;
    const uint32_t head = index / 2;
    const bool teacher = index % 2 == 1;
    const float *from =
        (teacher ? t->state.teacher : t->state.student) + head * l->floats;
    const size_t floats = l->tensors[CLUSTER_HEAD_v].floats;
    float *directions = cluster_temi_directions(t, teacher, head);

    (void)worker;
    cluster_head_directions(l, from, directions, directions + floats);
    if (!teacher) {
        cluster_pack_transposed(t->arrays.turned_directions + head * floats,
                                directions, l->clusters, l->bottleneck);
        cluster_pack_transposed(
            t->arrays.turned_w2 + head * l->tensors[CLUSTER_HEAD_w2].floats,
            from + l->tensors[CLUSTER_HEAD_w2].at, l->bottleneck, l->hidden);
    }
}

void cluster_temi_fetch(cluster_temi *t)
{
    cluster_run(t->workers, gather_task, t, cluster_temi_blocks(t));
    cluster_run(t->workers, turn_task, t,
                cluster_panels(t->layout.shape.width));
    cluster_run_mine(t->workers, weights_task, t, 2 * t->options.heads, 2);
}
