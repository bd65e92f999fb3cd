/* SPDX-License-Identifier: MIT
 *
 * gen_drawer.h - what draws the images of a job: the CPU, or GPUs. */
#ifndef CEDM_TOOLS_GEN_GEN_DRAWER_H
#define CEDM_TOOLS_GEN_GEN_DRAWER_H

#include "host/execution/runner.h"
#include "tools/gen/gen_options.h"

typedef struct gen_drawer {
    const host_model *model;
    const host_model *guide; /* of autoguidance, or NULL */
    const gen_job *job;
    uint32_t preview;                      /* every so many steps; 0: none */
    char device[16 + 6 * HOST_DEVICE_MAX]; /* "cpu", "cuda:0,1" */
    const char *isa, *precision;           /* "avx2", "sm_90"; "fp32" */
    uint32_t batch, threads;
    uint64_t weights_bytes, arena_bytes; /* of each device, with a guide's */

    host_runners runners;
    host_runners guides; /* open if there is a guide */
} gen_drawer;

/* Opens what the options choose; guide may be NULL, local is the rank on this
 * machine.  The drawer must not be moved. */
bool gen_drawer_open(gen_drawer *d, const host_model *m,
                     const host_model *guide, const gen_job *j,
                     const gen_options *o, uint32_t local, host_failure *f);
void gen_drawer_close(gen_drawer *d); /* harmless if zeroed */

#endif
