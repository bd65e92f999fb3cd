/* SPDX-License-Identifier: MIT
 *
 * freq.h - images per cluster, from a file a person wrote or PyTorch, or from
 * the description of a model. */
#ifndef CEDM_HOST_FILES_FREQ_H
#define CEDM_HOST_FILES_FREQ_H

#include <stdint.h>

#include <cjson/cJSON.h>

#include "host/cli/failure.h"

/* `count` numbers, 0 or more and not all 0: separated by spaces, commas or
 * newlines, or one JSON array, or the tensor of the reference's freq.pt.  To
 * be freed; NULL on error. */
double *host_freq_read(const char *path, uint32_t count, host_failure *f);

/* The counts of a JSON array, as a model's description has them, into
 * freq[count]; false if it is no array of as many numbers from 0 up with a sum
 * above 0. */
bool host_freq_from_json(const cJSON *list, double *freq, uint32_t count);

#endif
