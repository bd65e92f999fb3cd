/* SPDX-License-Identifier: MIT
 *
 * region.c - memory for regions, on huge pages where Linux has them. */
#define _DEFAULT_SOURCE /* madvise */
#include "host/execution/region.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "cedm_model.h"

/* A huge page of x86-64 and, with pages of 4 KiB, of Arm; a region of fewer
 * than some of them would waste most of one. */
#define HUGE_PAGE ((uint64_t)2 << 20)
#define MANY_PAGES 4u

void *host_region_new(uint64_t bytes)
{
    uint64_t alignment =
        bytes < MANY_PAGES * HUGE_PAGE ? CEDM_ALIGN : HUGE_PAGE;
    uint64_t size;
    void *region;

    if (bytes > SIZE_MAX - HUGE_PAGE) {
        return NULL;
    }
    size = (bytes + alignment - 1) / alignment * alignment;
    region = aligned_alloc((size_t)alignment, (size_t)size);
#ifdef MADV_HUGEPAGE
    if (region != NULL && alignment == HUGE_PAGE) {
        (void)madvise(region, (size_t)size, MADV_HUGEPAGE); /* a wish */
    }
#endif
    return region;
}
