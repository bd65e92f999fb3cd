/* SPDX-License-Identifier: MIT
 *
 * backend.h - what the two runtimes of a page differ in: portable.c is for
 * engines without vectors, vector.c and pool.c for all others. */
#ifndef CEDM_BROWSER_BACKEND_H
#define CEDM_BROWSER_BACKEND_H

#include "cedm.h"

const cedm_backend *browser_backend(void);

/* A parallel_for for the caller's thread and `helpers` others, each of which
 * is in browser_help or will be; NULL where there are no threads. */
cedm_parallel_for *browser_threads(uint32_t helpers);

#endif
