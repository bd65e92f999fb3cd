/* SPDX-License-Identifier: MIT
 *
 * sink.h - where finished images go: one grid, one array, or a file each. */
#ifndef CEDM_TOOLS_SINK_H
#define CEDM_TOOLS_SINK_H

#include "tools/gen/job.h"
#include "host/files/output.h"
#include "host/files/png_file.h"

typedef enum sink_format { SINK_PNG, SINK_NPY, SINK_RAW } sink_format;

typedef struct sink_config {
    const job *job;
    const model *model;
    const char *isa, *precision; /* of the images that are put next */
    uint32_t batch;
    sink_format format;
    bool separate;          /* a file per image; path is a directory */
    uint64_t columns, rows; /* of the grid */
    const char *path;
} sink_config;

typedef struct sink {
    sink_config config;
    png_grid grid;
    output out;
} sink;

/* Finds out whether the path can be written before anything is computed. */
bool sink_open(sink *s, const sink_config *config, failure *f);

/* Takes images first .. first + n - 1 of the job, in order. */
bool sink_put(sink *s, uint64_t first, uint32_t n, const uint8_t *images,
              failure *f);

/* Completes the file.  After an error or instead of it: sink_abort, which
 * leaves complete separate files where they are. */
bool sink_close(sink *s, failure *f);
void sink_abort(sink *s);

#endif
