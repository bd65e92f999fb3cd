/* SPDX-License-Identifier: MIT
 *
 * ids_source.h - how cluster ids were made, which cedm-cluster says in a file
 * beside them: IDS.json for IDS.npy. */
#ifndef CEDM_HOST_FILES_IDS_SOURCE_H
#define CEDM_HOST_FILES_IDS_SOURCE_H

#include <stddef.h>

#include "host/cli/failure.h"

#define HOST_IDS_SOURCE_BYTES 160

/* What of it goes with a network that is trained on the ids, *json:
 *   {"method":M,"clusters":C,"features_sha256":H}
 * as the metadata cedm.cluster_source of a checkpoint has it.  NULL without
 * such a file, or if that says something else: whoever made the ids owes us
 * nothing.  To be freed.  The only error is lack of memory. */
bool host_ids_source(char **json, const char *path, host_failure *f);

/* The same of such a file's text, which centres and heads carry, too.  False
 * if it says something else, or there is no memory. */
bool host_ids_source_of(char source[HOST_IDS_SOURCE_BYTES], const char *text,
                        size_t size);

#endif
