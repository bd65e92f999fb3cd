/* SPDX-License-Identifier: MIT
 *
 * fit.h - images made square, as data-set tools make them. */
#ifndef CEDM_HOST_FILES_FIT_H
#define CEDM_HOST_FILES_FIT_H

#include "host/files/image.h"
#include "runtime/resize.h"

/* Images are filtered by Pillow's Lanczos [PILLOW], as the data-set tool of
 * EDM [EDM] does it; see runtime/resize.h. */
typedef enum host_fit {
    HOST_FIT_CROP,    /* the largest square in the centre, then resized */
    HOST_FIT_STRETCH, /* each side for itself */
    HOST_FIT_PAD,     /* whole and centred on black; made smaller until it
                       * fits, never larger */
    HOST_FIT_BORDER   /* PAD for what fits without resizing, else CROP */
} host_fit;

/* How many images were changed in which way. */
typedef struct host_fit_counts {
    uint64_t resized;
    uint64_t enlarged; /* of these, on one side at least */
    uint64_t bordered; /* black was put around */
} host_fit_counts;

/* Adds an image to the counts. */
void host_fit_count(const host_image *image, uint32_t size, host_fit fit,
                    host_fit_counts *counts);

/* Keeps weights and memory from one image to the next; photographs of one
 * size come in rows.  For one thread.  Begins zeroed. */
typedef struct host_resizer {
    cedm_resize resize;
    void *scratch;
    uint64_t bytes;
} host_resizer;

/* Writes `image` to dst, [size][size][channels]; `where` names it in errors.
 * The only error is lack of memory. */
bool host_resize_square(host_resizer *r, uint8_t *dst, uint32_t size,
                        const host_image *image, host_fit fit,
                        const char *where, host_failure *f);

void host_resizer_free(host_resizer *r); /* harmless on a zeroed one */

#endif
