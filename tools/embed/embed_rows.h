/* SPDX-License-Identifier: MIT
 *
 * embed_rows.h - a file of rows that grows while it is computed, by one
 * process or several, and goes on after a crash.
 *
 * F.npy.part has the size of the whole, and every process writes the rows of
 * its part in their place.  Beside it F.npy.part.I-of-N.json says what part I
 * of N is about and how many of its rows are on the disk for sure.  The
 * process that finds all parts done writes F.json and renames the file to
 * F.npy.  A record that is about something else counts for nothing. */
#ifndef CEDM_TOOLS_EMBED_EMBED_ROWS_H
#define CEDM_TOOLS_EMBED_EMBED_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "host/cli/shard.h"

typedef struct embed_rows {
    uint64_t first, count; /* rows of this process */
    uint64_t done;         /* of these, when opened: what is there already */

    const char *path; /* private */
    char *part;
    const char *recipe;
    host_shard shard;
    uint64_t total;
    uint32_t width;
    int file;
    double kept; /* seconds of the clock when a record was written */
} embed_rows;

typedef struct embed_rows_shape {
    uint64_t total; /* rows of all processes */
    uint32_t width; /* floats of a row */
} embed_rows_shape;

/* recipe: a text of all that decides the rows' bytes; it must outlive *r.
 * Close it on error, too. */
bool embed_rows_open(embed_rows *r, const char *path, const char *recipe,
                     const host_shard *shard, const embed_rows_shape *shape,
                     host_failure *f);

/* Writes the next n rows, and now and then what it takes to go on here. */
bool embed_rows_put(embed_rows *r, const float *rows, uint32_t n,
                    host_failure *f);

/* Puts all rows onto the disk; to be called when a run is interrupted. */
bool embed_rows_keep(embed_rows *r, host_failure *f);

/* Keeps the rows; if those of all processes are there, writes `about` to
 * F.json and gives the file its name.  *whole says whether it has it. */
bool embed_rows_finish(embed_rows *r, const char *about, bool *whole,
                       host_failure *f);

void embed_rows_close(embed_rows *r); /* harmless on a zeroed one */

#endif
