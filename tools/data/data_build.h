/* SPDX-License-Identifier: MIT
 *
 * data_build.h - from a collection of photographs to the zip file of a data
 * set. */
#ifndef CEDM_TOOLS_DATA_DATA_BUILD_H
#define CEDM_TOOLS_DATA_DATA_BUILD_H

#include <signal.h>

#include "host/files/squares.h"
#include "tools/data/data_labels.h"
#include "host/execution/pool.h"
#include "host/cli/progress.h"

typedef struct data_options {
    const char *out;
    uint32_t resolution; /* 0: the images' own */
    host_fit fit;
    host_progress_kind progress;
    uint32_t threads;
    host_pool *pool;
    const volatile sig_atomic_t *interrupted;
} data_options;

typedef struct data_results {
    uint64_t images;
    uint32_t size, channels;
    host_squares_counts counts;
} data_results;

/* Writes every image of the source as a PNG of one size: RGB if any of them
 * has colours, else grey; alpha is dropped.  Without a resolution they must
 * be squares of one power of two already.  The file appears whole or not at
 * all; its bytes depend on the images alone.  In memory are a few images a
 * thread and the names. */
bool data_build(host_collection *source, const data_labels *labels,
                const data_options *options, data_results *results,
                host_failure *f);

#endif
