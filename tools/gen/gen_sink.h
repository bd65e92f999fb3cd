/* SPDX-License-Identifier: MIT
 *
 * gen_sink.h - where finished images go: one grid, one array, or files. */
#ifndef CEDM_TOOLS_GEN_GEN_SINK_H
#define CEDM_TOOLS_GEN_GEN_SINK_H

#include "tools/gen/gen_job.h"
#include "host/files/output.h"
#include "host/files/png_file.h"

typedef enum gen_sink_format {
    GEN_SINK_PNG,
    GEN_SINK_NPY,
    GEN_SINK_RAW
} gen_sink_format;

typedef struct gen_sink_config {
    const gen_job *job;
    const host_model *model;
    const char *isa, *precision; /* of the images that are put next */
    uint32_t batch;
    bool gpu; /* whose bits depend on the batch */
    gen_sink_format format;
    bool separate;          /* a file per image; path is a directory */
    uint64_t columns, rows; /* of the grid */
    const char *path;
} gen_sink_config;

typedef struct gen_sink {
    gen_sink_config config;
    host_png_grid grid;
    host_output out;
} gen_sink;

/* Finds out whether the path can be written before anything is computed. */
bool gen_sink_open(gen_sink *s, const gen_sink_config *config,
                   host_failure *f);

/* Takes images first .. first + n - 1 of the job, in order. */
bool gen_sink_put(gen_sink *s, uint64_t first, uint32_t n,
                  const uint8_t *images, host_failure *f);

/* Completes the file.  After an error or instead of it: gen_sink_abort, which
 * leaves complete separate files where they are. */
bool gen_sink_close(gen_sink *s, host_failure *f);
void gen_sink_abort(gen_sink *s);

#endif
