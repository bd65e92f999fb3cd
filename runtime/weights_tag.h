/* SPDX-License-Identifier: MIT
 *
 * weights_tag.h - the last bytes of a region of prepared weights: what they
 * were made of, and for what. */
#ifndef CEDM_WEIGHTS_TAG_H
#define CEDM_WEIGHTS_TAG_H

#include <stdbool.h>

#include "cedm.h"

/* `end` is where the CEDM_WEIGHTS_TAG_BYTES begin; `bytes` the region's size
 * with them. */
void cedm_weights_tag_write(unsigned char *end, const cedm_blob *blob,
                            const cedm_backend *backend, uint64_t bytes);
bool cedm_weights_tag_fits(const unsigned char *end, const cedm_blob *blob,
                           const cedm_backend *backend, uint64_t bytes);

#endif
