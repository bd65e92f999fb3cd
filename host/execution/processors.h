/* SPDX-License-Identifier: MIT
 *
 * processors.h - how many processors are ours. */
#ifndef CEDM_HOST_EXECUTION_PROCESSORS_H
#define CEDM_HOST_EXECUTION_PROCESSORS_H

#include <stdint.h>

/* The most threads that programs start. */
#define HOST_MAX_THREADS 1024u

/* 1 to HOST_MAX_THREADS: the processors that this process may run on (its
 * affinity, not those of the machine), but not more than its control group
 * may use: a quota of 2.5 processors is 2, since threads beyond a quota are
 * stopped while others wait for them. */
uint32_t host_processors(void);

/* The quota alone of the group in ROOT/proc/self/cgroup, version 1 or 2, with
 * all groups above it; 0: none.  For tests, ROOT is a copy of that part of
 * a system; else "". */
double host_processors_quota(const char *root);

#endif
