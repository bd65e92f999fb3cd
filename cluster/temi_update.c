/* SPDX-License-Identifier: MIT
 *
 * temi_update.c - an update of all heads [ADAMW], and the teacher's step
 * towards the student.
 *
 * While the last layer rests, its averages and its count of updates rest,
 * too: its first update is a first one. */
#include <math.h>

#include "cluster/shares.h"
#include "cluster/temi_parts.h"

typedef struct update {
    cluster_temi *t;
    const cluster_temi_rates *rates;
} update;

static bool is_last(uint32_t tensor)
{
    return tensor == CLUSTER_HEAD_v || tensor == CLUSTER_HEAD_g;
}

/* One tensor of one head. */
static void update_task(void *arg, uint32_t index, uint32_t worker)
{
    const update *u = arg;
    cluster_temi *t = u->t;
    cluster_temi_state *s = &t->state;
    const uint32_t head = index / CLUSTER_HEAD_COUNT;
    const uint32_t tensor = index % CLUSTER_HEAD_COUNT;
    const cluster_head_place *p = &t->layout.tensors[tensor];
    const size_t at = head * t->layout.floats + p->at;
    const double updates =
        (double)(is_last(tensor) ? s->last_updates : s->updates);
    const double decay = p->decayed ? t->options.decay : 0.0;
    const cluster_adam a = {
        .step = (float)(u->rates->rate / (1.0 - pow(0.9, updates))),
        .inverse = (float)(1.0 / sqrt(1.0 - pow(0.999, updates))),
        .keep = (float)(1.0 - u->rates->rate * decay),
        .average = (float)u->rates->momentum,
    };

    (void)worker;
    if (is_last(tensor) && u->rates->frozen) {
        return;
    }
    t->workers->kernels->adam(&a, t->arrays.grads + at, s->student + at,
                              s->m + at, s->v + at, s->teacher + at,
                              p->floats);
}

void cluster_temi_update(cluster_temi *t, const cluster_temi_rates *rates)
{
    update u = {t, rates};

    t->state.updates++;
    t->state.last_updates += rates->frozen ? 0 : 1;
    cluster_run_mine(t->workers, update_task, &u,
                     (uint64_t)t->options.heads * CLUSTER_HEAD_COUNT,
                     CLUSTER_HEAD_COUNT);
}
