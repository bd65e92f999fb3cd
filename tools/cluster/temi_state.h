/* SPDX-License-Identifier: MIT
 *
 * temi_state.h - a training of TEMI on disk, as it was between two steps. */
#ifndef CEDM_TOOLS_CLUSTER_TEMI_STATE_H
#define CEDM_TOOLS_CLUSTER_TEMI_STATE_H

#include "cluster/temi.h"
#include "host/cli/failure.h"

/* `recipe` says what is computed: another one is refused.  Collective: rank 0
 * writes and reads. */
bool cluster_temi_save(const char *path, const char *recipe, cluster_temi *t,
                       host_failure *f);
bool cluster_temi_load(const char *path, const char *recipe, cluster_temi *t,
                       host_failure *f);

#endif
