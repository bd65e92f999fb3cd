/* SPDX-License-Identifier: MIT
 *
 * engine.h - a model, a backend, threads and memory: a network that runs.
 *
 * All memory is taken here, once; its sizes are in the structure. */
#ifndef CEDM_TOOLS_ENGINE_H
#define CEDM_TOOLS_ENGINE_H

#include <stdio.h>

#include "host/execution/model.h"
#include "host/execution/pool.h"

typedef struct engine {
    cedm_net net;
    const model *model;
    const cedm_backend *backend;
    uint32_t batch, threads;
    uint64_t weights_bytes, arena_bytes;

    void *weights, *arena; /* private */
    pool *pool;
} engine;

typedef struct engine_config {
    const char *isa;  /* NULL: the best; else "portable" or names, commas */
    uint32_t batch;   /* at least 1 */
    uint32_t threads; /* 0: one per processor */
} engine_config;

/* The most threads that a network takes. */
#define ENGINE_MAX_THREADS 1024u
#define ENGINE_MAX_BATCH 65536u

/* The engine must not be moved. */
bool engine_open(engine *e, const model *m, const engine_config *config,
                 failure *f);
void engine_close(engine *e);

/* One line of regions and sizes. */
void engine_print(const engine *e, FILE *stream);

#endif
