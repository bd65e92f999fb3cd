/* SPDX-License-Identifier: MIT
 *
 * temi_parts.h - the parts of a step of TEMI (private to it). */
#ifndef CEDM_CLUSTER_TEMI_PARTS_H
#define CEDM_CLUSTER_TEMI_PARTS_H

#include "cluster/panels.h"
#include "cluster/temi.h"

/* Rows of a task: whole tiles. */
#define CLUSTER_TEMI_ROWS 96u

static inline uint32_t cluster_temi_blocks(const cluster_temi *t)
{
    const uint32_t rows = 2 * t->options.batch;

    return (rows + CLUSTER_TEMI_ROWS - 1) / CLUSTER_TEMI_ROWS;
}

/* Rows of block `index`. */
static inline uint32_t cluster_temi_block(const cluster_temi *t,
                                          uint32_t index)
{
    const uint32_t left = 2 * t->options.batch - index * CLUSTER_TEMI_ROWS;

    return left < CLUSTER_TEMI_ROWS ? left : CLUSTER_TEMI_ROWS;
}

/* The directions of a head, behind them their factors. */
static inline float *cluster_temi_directions(const cluster_temi *t,
                                             bool teacher, uint32_t head)
{
    const size_t floats =
        t->layout.tensors[CLUSTER_HEAD_v].floats + t->layout.clusters;

    return t->arrays.directions +
           ((teacher ? t->options.heads : 0) + head) * floats;
}

/* Memory of a step; false: there is not enough. */
bool cluster_temi_arrays_open(cluster_temi *t);
void cluster_temi_arrays_close(cluster_temi_arrays *a);

/* arrays.x and turned_x from arrays.pairs; packed weights of all heads. */
void cluster_temi_fetch(cluster_temi *t);

/* The teacher's probabilities, then p and w. */
void cluster_temi_teach(cluster_temi *t, double temperature);

/* Probabilities of one student head, the losses of its rows, and gradients
 * with regard to its states. */
void cluster_temi_student(cluster_temi *t, uint32_t head);

/* Gradients with regard to the parameters of that head. */
void cluster_temi_gradients(cluster_temi *t, uint32_t head);

/* AdamW, and the teacher. */
void cluster_temi_update(cluster_temi *t, const cluster_temi_rates *rates);

#endif
