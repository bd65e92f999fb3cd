/* SPDX-License-Identifier: MIT
 *
 * ids_source.h - how cluster ids were made, which cedm-cluster says in a file
 * beside them: IDS.json for IDS.npy. */
#ifndef CEDM_HOST_FILES_IDS_SOURCE_H
#define CEDM_HOST_FILES_IDS_SOURCE_H

#include "host/cli/failure.h"

/* What of it goes with a network that is trained on the ids, *json:
 *   {"method":M,"clusters":C,"features_sha256":H}
 * as the metadata cedm.cluster_source of a checkpoint has it.  NULL without
 * such a file, or if that says something else: whoever made the ids owes us
 * nothing.  To be freed.  The only error is lack of memory. */
bool host_ids_source(char **json, const char *path, host_failure *f);

#endif
