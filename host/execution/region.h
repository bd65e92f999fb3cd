/* SPDX-License-Identifier: MIT
 *
 * region.h - memory for the regions that a network is given. */
#ifndef CEDM_HOST_EXECUTION_REGION_H
#define CEDM_HOST_EXECUTION_REGION_H

#include <stdint.h>

/* At least `bytes` of memory, aligned for a region and to be freed with
 * free(); NULL if there is not as much.  Large ones ask for huge pages: an
 * evaluation streams through all prepared weights, and pages of 4 KiB cost
 * faults at first and misses of the address cache later. */
void *host_region_new(uint64_t bytes);

#endif
