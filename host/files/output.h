/* SPDX-License-Identifier: MIT
 *
 * output.h - files that appear whole or not at all.
 *
 * Bytes go to a temporary file beside the target, which output_commit
 * renames.  A target that exists and is no regular file (a device, a pipe)
 * is written directly. */
#ifndef CEDM_TOOLS_OUTPUT_H
#define CEDM_TOOLS_OUTPUT_H

#include <stddef.h>
#include <stdio.h>

#include "host/cli/failure.h"

typedef struct output {
    FILE *stream;
    char *path;
    char *temporary; /* NULL: written directly */
} output;

bool output_open(output *out, const char *path, failure *f);
bool output_write(output *out, const void *bytes, size_t size, failure *f);

/* Flushes, closes, renames.  On error nothing is left behind. */
bool output_commit(output *out, failure *f);

/* Closes and removes what is there; harmless after commit. */
void output_abort(output *out);

/* All three at once. */
bool output_file(const char *path, const void *bytes, size_t size,
                 failure *f);

/* Whether all that was printed has been written. */
bool output_standard(failure *f);

/* Makes a directory and its missing parents. */
bool output_directory(const char *path, failure *f);

/* All bytes of a file of at most `limit` bytes; to be freed.  NULL on error. */
unsigned char *input_file(const char *path, size_t limit, size_t *size,
                          failure *f);

#endif
