/* SPDX-License-Identifier: MIT
 *
 * temi.c - a training from its start, step by step. */
#include "cluster/temi.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/draws.h"
#include "cluster/shares.h"
#include "cluster/temi_parts.h"
#include "host/execution/agreement.h"
#include "host/execution/ranks.h"

cluster_temi_options cluster_temi_options_default(void)
{
    return (cluster_temi_options){
        .shape = {.hidden = 512, .bottleneck = 256},
        .heads = 16,
        .batch = 1024,
        .epochs = 100,
        .neighbours = 50,
        .loss = CLUSTER_LOSS_temi,
        .beta = 0.6,
        .temperature = 0.1,
        .teacher_temperature = {0.1, 0.1},
        .teacher_epochs = 30,
        .rate = {1e-4, 1e-4},
        .warmup = 20,
        .decay = 1e-4,
        .momentum = {0.996, 0.996},
        .frozen = 1,
    };
}

/* ---- opening ------------------------------------------------------------ */

static bool allocate(cluster_temi *t)
{
    const size_t heads = t->options.heads;
    const size_t floats = heads * t->layout.floats;
    cluster_temi_state *s = &t->state;

    s->student = calloc(floats, sizeof *s->student);
    s->teacher = calloc(floats, sizeof *s->teacher);
    s->m = calloc(floats, sizeof *s->m);
    s->v = calloc(floats, sizeof *s->v);
    s->marginal =
        calloc(heads * t->options.shape.clusters, sizeof *s->marginal);
    s->loss = calloc(heads, sizeof *s->loss);
    t->head_loss = calloc(heads, sizeof *t->head_loss);
    t->epoch_loss = calloc(heads, sizeof *t->epoch_loss);
    return s->student != NULL && s->teacher != NULL && s->m != NULL &&
           s->v != NULL && s->marginal != NULL && s->loss != NULL &&
           t->head_loss != NULL && t->epoch_loss != NULL &&
           cluster_temi_arrays_open(t);
}

static void begin(cluster_temi *t)
{
    const uint32_t clusters = t->options.shape.clusters;
    const size_t floats = t->layout.floats;

    for (uint32_t i = 0; i < t->options.heads; i++) {
        cluster_head_init(&t->layout, t->options.seed, i,
                          t->state.student + i * floats);
    }
    memcpy(t->state.teacher, t->state.student,
           t->options.heads * floats * sizeof(float));
    for (size_t i = 0; i < (size_t)t->options.heads * clusters; i++) {
        t->state.marginal[i] = 1.0 / clusters;
    }
}

static bool check(const cluster_rows *rows,
                  const cluster_temi_options *options, host_failure *f)
{
    if (options->batch == 0 || options->batch > rows->count) {
        return host_fail(f,
                         "wanted batches of 1 to %" PRIu64 " rows, all of "
                         "them at most, got %" PRIu32 "; give a smaller "
                         "--batch",
                         rows->count, options->batch);
    }
    return host_ranks_size() <= options->heads ||
           host_fail(f,
                     "wanted at most %" PRIu32 " ranks, a head for each, got "
                     "%" PRIu32,
                     options->heads, host_ranks_size());
}

bool cluster_temi_open(cluster_temi *t, const cluster_rows *rows,
                       const uint32_t *neighbours,
                       const cluster_temi_options *options,
                       const cluster_workers *workers, host_failure *f)
{
    *t = (cluster_temi){.options = *options,
                        .rows = *rows,
                        .neighbours = neighbours,
                        .workers = workers};
    if (!check(rows, options, f)) {
        return false;
    }
    t->options.shape.width = rows->width;
    t->layout = cluster_head_layout_of(t->options.shape);
    t->steps_per_epoch = rows->count / options->batch;
    if (!host_agree(allocate(t) ||
                        host_fail(f,
                                  "out of memory for %" PRIu32
                                  " heads of %" PRIu32 " clusters",
                                  options->heads, options->shape.clusters),
                    f)) {
        cluster_temi_close(t);
        return false;
    }
    begin(t);
    return true;
}

void cluster_temi_close(cluster_temi *t)
{
    cluster_temi_state *s = &t->state;

    free(s->student);
    free(s->teacher);
    free(s->m);
    free(s->v);
    free(s->marginal);
    free(s->loss);
    free(t->head_loss);
    free(t->epoch_loss);
    cluster_temi_arrays_close(&t->arrays);
    *t = (cluster_temi){0};
}

/* ---- steps -------------------------------------------------------------- */

/* The sum of the rows' losses, in their order. */
static void add_losses(cluster_temi *t, uint32_t head)
{
    const uint32_t rows = 2 * t->options.batch;
    const double *row = t->arrays.row_loss + (size_t)head * rows;
    double sum = 0.0;

    for (uint32_t r = 0; r < rows; r++) {
        sum += row[r];
    }
    t->head_loss[head] = sum / rows;
}

static void end_epoch(cluster_temi *t)
{
    t->best = 0;
    for (uint32_t i = 0; i < t->options.heads; i++) {
        t->epoch_loss[i] = t->state.loss[i] / (double)t->steps_per_epoch;
        t->state.loss[i] = 0.0;
        if (t->epoch_loss[i] < t->epoch_loss[t->best]) {
            t->best = i;
        }
    }
}

void cluster_temi_batch(cluster_temi *t, const uint32_t *rows,
                        const uint32_t *partners)
{
    const uint32_t batch = t->options.batch;
    const uint32_t heads = t->options.heads;
    const cluster_share mine = cluster_share_mine(heads, 1);
    const cluster_temi_rates rates =
        cluster_temi_rates_at(&t->options, t->steps_per_epoch, t->state.step);

    memmove(t->arrays.pairs, rows, batch * sizeof *rows);
    memmove(t->arrays.pairs + batch, partners, batch * sizeof *partners);
    cluster_temi_fetch(t);
    cluster_temi_teach(t, rates.teacher_temperature);
    for (uint64_t i = mine.first; i < mine.first + mine.count; i++) {
        cluster_temi_student(t, (uint32_t)i);
        cluster_temi_gradients(t, (uint32_t)i);
        add_losses(t, (uint32_t)i);
    }
    cluster_gather(t->head_loss, sizeof *t->head_loss, heads, 1);
    for (uint32_t i = 0; i < heads; i++) {
        t->state.loss[i] += t->head_loss[i];
    }
    cluster_temi_update(t, &rates);
    t->state.step++;
    if (t->state.step % t->steps_per_epoch == 0) {
        end_epoch(t);
    }
}

bool cluster_temi_step(cluster_temi *t)
{
    const uint32_t batch = t->options.batch, seed = t->options.seed;
    const uint64_t epoch = t->state.step / t->steps_per_epoch;
    const uint64_t first = t->state.step % t->steps_per_epoch * batch;
    uint32_t *pairs = t->arrays.pairs;
    host_random_key key = {.seed = seed,
                           .purpose = CLUSTER_DRAW_PARTNER,
                           .step = (uint32_t)epoch};

    for (uint32_t i = 0; i < batch; i++) {
        const uint64_t row =
            host_random_permuted(seed, epoch, t->rows.count, first + i);
        const uint32_t *near = t->neighbours + row * t->options.neighbours;

        key.image = row;
        pairs[i] = (uint32_t)row;
        pairs[batch + i] = near[(uint32_t)(host_random_uniform(&key, 0) *
                                           t->options.neighbours)];
    }
    cluster_temi_batch(t, pairs, pairs + batch);
    return t->state.step < t->options.epochs * t->steps_per_epoch;
}

/* What a rank keeps of its heads: arrays, and bytes for a head. */
#define KEPT 5u
typedef struct kept {
    void *values;
    size_t size;
} kept;

static void list_kept(const cluster_temi *t, kept out[KEPT])
{
    const size_t floats = t->layout.floats * sizeof(float);
    const cluster_temi_state *s = &t->state;

    out[0] = (kept){s->student, floats};
    out[1] = (kept){s->teacher, floats};
    out[2] = (kept){s->m, floats};
    out[3] = (kept){s->v, floats};
    out[4] =
        (kept){s->marginal, t->options.shape.clusters * sizeof *s->marginal};
}

void cluster_temi_know(cluster_temi *t)
{
    kept all[KEPT];

    list_kept(t, all);
    for (size_t i = 0; i < KEPT; i++) {
        cluster_gather(all[i].values, all[i].size, t->options.heads, 1);
    }
}

void cluster_temi_share(cluster_temi *t)
{
    const size_t heads = t->options.heads;
    kept all[KEPT];

    list_kept(t, all);
    for (size_t i = 0; i < KEPT; i++) {
        host_ranks_broadcast(0, all[i].values, heads * all[i].size);
    }
    host_ranks_broadcast(0, t->state.loss, heads * sizeof *t->state.loss);
    host_ranks_broadcast(0, t->epoch_loss, heads * sizeof *t->epoch_loss);
    host_ranks_broadcast(0, &t->state.step, sizeof t->state.step);
    host_ranks_broadcast(0, &t->state.updates, sizeof t->state.updates);
    host_ranks_broadcast(0, &t->state.last_updates,
                         sizeof t->state.last_updates);
    host_ranks_broadcast(0, &t->best, sizeof t->best);
}

const float *cluster_temi_teacher(const cluster_temi *t, uint32_t head)
{
    return t->state.teacher + head * t->layout.floats;
}
