/* SPDX-License-Identifier: MIT
 *
 * vector.c - the fastest backend: an engine that takes this module has
 * vectors. */
#include "browser/backend.h"

const cedm_backend *browser_backend(void)
{
    return cedm_backend_cpu(CEDM_ISA_ALL);
}
