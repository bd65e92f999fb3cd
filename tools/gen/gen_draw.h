/* SPDX-License-Identifier: MIT
 *
 * gen_draw.h - draws the images of a job, on the CPU or on GPUs. */
#ifndef CEDM_TOOLS_GEN_DRAW_H
#define CEDM_TOOLS_GEN_DRAW_H

#include <signal.h>

#include "host/execution/engine.h"
#include "tools/gen/gen_options.h"
#include "host/execution/gpu.h"

typedef struct drawer {
    const model *model;
    const job *job;
    char device[16 + 6 * DEVICE_MAX]; /* "cpu", "cuda:0,1" */
    char isa[16];                     /* "avx2", "sm_90" */
    const char *precision;
    uint32_t batch, threads;
    uint64_t weights_bytes, arena_bytes; /* of each device */

    engine cpu; /* open if there are no gpus */
    cuda_library library;
    gpu *gpus;
    uint32_t gpu_count;
} drawer;

/* Opens what the options choose; local is the rank on this machine.  The
 * drawer must not be moved. */
bool drawer_open(drawer *d, const model *m, const job *j,
                 const gen_options *o, uint32_t local, failure *f);
void drawer_close(drawer *d); /* harmless if zeroed */

/* Draws all images of the job, batch by batch, in order.  When *interrupted
 * becomes true it stops, with EXIT_INTERRUPTED. */
bool drawer_run(drawer *d, sink *s, progress_kind kind,
                const volatile sig_atomic_t *interrupted, failure *f);

#endif
