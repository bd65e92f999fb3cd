/* SPDX-License-Identifier: MIT
 *
 * gen_bench.h - cedm-gen --bench: how long an evaluation takes. */
#ifndef CEDM_TOOLS_GEN_BENCH_H
#define CEDM_TOOLS_GEN_BENCH_H

#include "engine.h"
#include "job.h"

/* Draws the job's first batch again and again and prints minimum and median
 * of at least 20 steps on stdout. */
bool gen_bench(engine *e, const job *j, bool json, failure *f);

#endif
