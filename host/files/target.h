/* SPDX-License-Identifier: MIT
 *
 * target.h - what a path means to whoever writes: a stream that this process
 * holds open, or a file, behind links or not. */
#ifndef CEDM_HOST_FILES_TARGET_H
#define CEDM_HOST_FILES_TARGET_H

#include <sys/stat.h>

#include "host/cli/failure.h"

typedef struct host_target {
    int descriptor; /* to be written to; -1: `path` is to be */
    char *path;     /* links resolved; to be freed by host_target_free */
    bool exists;    /* the path, which `status` is of */
    struct stat status;
} host_target;

/* Follows the links of a path, the last of which may point to nothing yet.
 * "-", /dev/stdout, /dev/fd/N and /proc/self/fd/N are descriptors of this
 * process, and so is a file that standard output goes to: renaming another
 * onto it would take away what was written there.  False on error. */
bool host_target_find(host_target *t, const char *path, host_failure *f);
void host_target_free(host_target *t);

/* The folder that the path lies in, to be freed; NULL without memory. */
char *host_target_folder(const char *path);

/* Whether what is written to the path comes out of standard output. */
bool host_target_is_output(const char *path);

#endif
