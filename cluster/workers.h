/* SPDX-License-Identifier: MIT
 *
 * workers.h - who computes: the threads and the kernels of a caller. */
#ifndef CEDM_CLUSTER_WORKERS_H
#define CEDM_CLUSTER_WORKERS_H

#include "cedm_model.h"
#include "cluster/vector_kernels.h"
#include "runtime/tasks.h"

/* No result depends on `workers`; memory of scratch grows with it. */
typedef struct cluster_workers {
    cedm_parallel_for *parallel_for; /* NULL: the calling thread */
    void *pool;                      /* handed to parallel_for */
    uint32_t count;                  /* 1..1024: workers that it passes */
    const cluster_kernels *kernels;
} cluster_workers;

/* Calls a task for 0..count-1. */
static inline void cluster_run(const cluster_workers *w, cedm_task *task,
                               void *arg, uint64_t count)
{
    cedm_for_each(w->parallel_for, w->pool, task, arg, (uint32_t)count);
}

#endif
