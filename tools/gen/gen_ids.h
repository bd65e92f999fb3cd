/* SPDX-License-Identifier: MIT
 *
 * gen_ids.h - clusters by the ids that the training data had. */
#ifndef CEDM_TOOLS_GEN_IDS_H
#define CEDM_TOOLS_GEN_IDS_H

#include "host/execution/model.h"

/* Whether the model says which ids its clusters had. */
bool gen_ids_there(const host_model *m);

/* A list of ids, such as 10,20-30, as the list of their clusters for --cluster;
 * to be freed.  Every id must be one of the model's.  `option`, without
 * dashes, is whose list it is. */
char *gen_ids_to_clusters(const host_model *m, const char *option,
                          const char *ids, host_failure *f);

/* Adds the model's ids to a message about clusters, if they are others than
 * 0, 1, 2 and so on. */
void gen_ids_hint(const host_model *m, host_failure *f);

#endif
