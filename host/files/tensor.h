/* SPDX-License-Identifier: MIT
 *
 * tensor.h - a list of numbers in a file of PyTorch, such as the reference's
 * freq.pt and cluster_ids.pt. */
#ifndef CEDM_HOST_FILES_TENSOR_H
#define CEDM_HOST_FILES_TENSOR_H

#include <stdint.h>

#include "host/cli/failure.h"

/* Do the first bytes say that the file is an archive or a pickle? */
bool host_tensor_begins(const unsigned char *bytes, size_t size);

/* The `count` numbers, one for each `what`, of the one tensor or list in the
 * file; to be freed.  NULL on error. */
double *host_tensor_read(const char *path, uint64_t count, const char *what,
                         host_failure *f);

#endif
