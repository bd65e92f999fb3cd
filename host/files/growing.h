/* SPDX-License-Identifier: MIT
 *
 * growing.h - a file of rows that grows while it is computed, by one process
 * or several, and goes on after a crash.
 *
 * F.npy.part has the size of the whole, and every process writes the rows of
 * its part in their place.  Beside it F.npy.part.I-of-N.json says what part I
 * of N is about and how many of its rows are on the disk for sure.  The
 * process that finds all parts done writes F.json and renames the file to
 * F.npy.  Rows of another recipe are never overwritten: they are refused. */
#ifndef CEDM_HOST_FILES_GROWING_H
#define CEDM_HOST_FILES_GROWING_H

#include <stdbool.h>
#include <stdint.h>

#include "host/cli/shard.h"

typedef struct host_growing {
    uint64_t first, count; /* rows of this process */
    uint64_t done;         /* of these, when opened: what is there already */

    char *part; /* the path of the file that grows */

    const char *path; /* private */
    const char *recipe;
    host_shard shard;
    uint64_t total;
    uint32_t width;
    int file;
    double kept; /* seconds of the clock when a record was written */
} host_growing;

typedef struct host_growing_shape {
    uint64_t total; /* rows of all processes */
    uint32_t width; /* floats of a row */
} host_growing_shape;

/* recipe: a text of all that decides the rows' bytes; it must outlive *r.
 * Fails if a record of this part is there with another recipe.  Close it on
 * error, too. */
bool host_growing_open(host_growing *r, const char *path, const char *recipe,
                       const host_shard *shard,
                       const host_growing_shape *shape, host_failure *f);

/* Writes the next n rows, and now and then what it takes to go on here. */
bool host_growing_put(host_growing *r, const float *rows, uint32_t n,
                      host_failure *f);

/* Puts all rows onto the disk; to be called when a run is interrupted. */
bool host_growing_keep(host_growing *r, host_failure *f);

/* Keeps the rows; if those of all processes are there, writes `about` to
 * F.json and gives the file its name.  *whole says whether it has it. */
bool host_growing_finish(host_growing *r, const char *about, bool *whole,
                         host_failure *f);

/* Instead of the end: removes the file of a path, which stays for who has it
 * mapped, and its records, if they are there. */
bool host_growing_remove(const char *path, const host_shard *shard,
                         host_failure *f);

void host_growing_close(host_growing *r); /* harmless on a zeroed one */

#endif
