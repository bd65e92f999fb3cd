/* SPDX-License-Identifier: MIT
 *
 * engine.h - a model, a backend, threads and memory: a network that runs.
 *
 * All memory is taken here, once; its sizes are in the structure. */
#ifndef CEDM_HOST_EXECUTION_ENGINE_H
#define CEDM_HOST_EXECUTION_ENGINE_H

#include <stdio.h>

#include "host/execution/model.h"
#include "host/execution/pool.h"

typedef struct host_engine {
    cedm_net net;
    const host_model *model;
    const cedm_backend *backend;
    uint32_t batch, threads;
    uint64_t weights_bytes, arena_bytes;

    void *weights, *arena; /* private */
    host_pool *pool;
} host_engine;

typedef struct host_engine_config {
    const char *isa;  /* NULL: the best; else "portable" or names, commas */
    uint32_t batch;   /* at least 1 */
    uint32_t threads; /* 0: one per processor */
} host_engine_config;

/* The instruction set whose products are of bfloat16: other images. */
#define HOST_ISA_PAIRS "avx512bf16"

#define HOST_ENGINE_MAX_BATCH 65536u

/* The engine must not be moved. */
bool host_engine_open(host_engine *e, const host_model *m,
                      const host_engine_config *config, host_failure *f);
void host_engine_close(host_engine *e);

/* The first image of a tensor in the arena. */
static inline float *host_engine_tensor(const host_engine *e, cedm_ref ref)
{
    const cedm_exec *exec = &e->net.exec;

    return (CEDM_REF_IS_F32(ref) ? exec->f32 : exec->act) +
           (size_t)exec->batch * CEDM_REF_OFFSET(ref);
}

/* One line of regions and sizes. */
void host_engine_print(const host_engine *e, FILE *stream);

#endif
