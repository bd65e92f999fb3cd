/* SPDX-License-Identifier: MIT
 *
 * tasks.h - work on the threads of the caller, or without any. */
#ifndef CEDM_TASKS_H
#define CEDM_TASKS_H

#include "cedm_model.h"

/* Calls a task for 0..count-1; parallel_for may be NULL. */
static inline void cedm_for_each(cedm_parallel_for *parallel_for, void *pool,
                                 cedm_task *task, void *arg, uint32_t count)
{
    if (parallel_for != NULL) {
        parallel_for(pool, task, arg, count);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        task(arg, i, 0);
    }
}

#endif
