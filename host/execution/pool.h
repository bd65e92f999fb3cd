/* SPDX-License-Identifier: MIT
 *
 * pool.h - the threads behind cedm_parallel_for. */
#ifndef CEDM_HOST_EXECUTION_POOL_H
#define CEDM_HOST_EXECUTION_POOL_H

#include "cedm_model.h"
#include "host/cli/failure.h"

typedef struct host_pool host_pool;

/* threads >= 1, the caller of host_pool_for included: threads - 1 are started.
 * With more threads than processors, waiting threads sleep at once. */
host_pool *host_pool_open(uint32_t threads, uint32_t processors,
                          host_failure *f);
void host_pool_close(host_pool *p); /* NULL is allowed */

/* A cedm_parallel_for; `p` is the pool.  Workers are 0 (the caller) ..
 * threads - 1.  Not reentrant: one call at a time. */
void host_pool_for(void *p, cedm_task *task, void *arg, uint32_t count);

#endif
