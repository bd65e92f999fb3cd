/* SPDX-License-Identifier: MIT
 *
 * portable.c - plain code on one thread, for engines that refuse a module
 * with vectors or atomics. */
#include "browser/backend.h"

const cedm_backend *browser_backend(void)
{
    return cedm_backend_portable();
}

cedm_parallel_for *browser_threads(uint32_t helpers)
{
    (void)helpers;
    return NULL;
}
