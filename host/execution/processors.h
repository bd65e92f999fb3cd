/* SPDX-License-Identifier: MIT
 *
 * processors.h - how many processors there are for this process. */
#ifndef CEDM_HOST_EXECUTION_PROCESSORS_H
#define CEDM_HOST_EXECUTION_PROCESSORS_H

#include <stdint.h>

/* The most threads that programs start. */
#define HOST_MAX_THREADS 1024u

/* Those that it may use, as launchers of ranks share them out: 1 to
 * HOST_MAX_THREADS. */
uint32_t host_processors(void);

#endif
