/* SPDX-License-Identifier: MIT
 *
 * processors.c - how many processors there are for this process. */
#define _GNU_SOURCE /* sched_getaffinity */
#include <sched.h>
#include <unistd.h>

#include "host/execution/processors.h"

uint32_t host_processors(void)
{
    cpu_set_t set;
    /* A machine with more processors than a set holds fails. */
    long n = sched_getaffinity(0, sizeof set, &set) == 0
                 ? CPU_COUNT(&set)
                 : sysconf(_SC_NPROCESSORS_ONLN);

    return n < 1                        ? 1
           : n > (long)HOST_MAX_THREADS ? HOST_MAX_THREADS
                                        : (uint32_t)n;
}
