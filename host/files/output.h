/* SPDX-License-Identifier: MIT
 *
 * output.h - files that appear whole or not at all.
 *
 * Bytes go to a temporary file beside the target, which host_output_commit
 * puts onto the disk and renames; the name is there, too, when it returns
 * [FSYNC], so that whoever removes an older file afterwards always leaves one
 * that is whole.  Links are followed: the file at their end is replaced, and
 * keeps its mode and owner.  A file with several names, or one that is
 * mounted, gets the finished bytes instead of another file; that can be
 * interrupted.  What is no regular file (a device, a pipe, "-" for standard
 * output) is written to as the bytes come. */
#ifndef CEDM_HOST_FILES_OUTPUT_H
#define CEDM_HOST_FILES_OUTPUT_H

#include <stddef.h>
#include <stdio.h>

#include "host/cli/failure.h"
#include "host/files/target.h"

typedef struct host_output {
    FILE *stream;
    bool brief;      /* set to leave out the fsync: it may be made again */
    char *label;     /* the path as given */
    char *temporary; /* NULL: written directly */
    host_target target;
} host_output;

bool host_output_open(host_output *out, const char *path, host_failure *f);
bool host_output_write(host_output *out, const void *bytes, size_t size,
                       host_failure *f);

/* Flushes, closes, renames.  On error nothing is left behind. */
bool host_output_commit(host_output *out, host_failure *f);

/* Closes and removes what is there; harmless after commit. */
void host_output_abort(host_output *out);

/* All three at once. */
bool host_output_file(const char *path, const void *bytes, size_t size,
                      host_failure *f);

/* Whether all that was printed has been written. */
bool host_output_standard(host_failure *f);

/* Makes a directory and its missing parents.  Temporaries that killed
 * programs left in it are removed. */
bool host_output_directory(const char *path, host_failure *f);

/* All bytes of a file of 1 to `limit` bytes; to be freed.  NULL on error. */
unsigned char *host_input_file(const char *path, size_t limit, size_t *size,
                               host_failure *f);

#endif
