/* SPDX-License-Identifier: MIT
 *
 * gen_bench.h - cedm-gen --bench: how long an evaluation takes. */
#ifndef CEDM_TOOLS_GEN_GEN_BENCH_H
#define CEDM_TOOLS_GEN_GEN_BENCH_H

#include "tools/gen/gen_draw.h"

/* Draws the job's first batch again and again and prints minimum and median
 * of at least 20 samples on stdout: steps on the CPU, whole runs on a GPU
 * (the first one), whose steps are only queued. */
bool gen_bench(gen_drawer *d, bool json, host_failure *f);

#endif
