/* SPDX-License-Identifier: MIT
 *
 * neighbours.h - the neighbours of all rows, in memory or in a file. */
#ifndef CEDM_TOOLS_CLUSTER_NEIGHBOURS_H
#define CEDM_TOOLS_CLUSTER_NEIGHBOURS_H

#include "tools/cluster/cluster_files.h"

/* [rows][settings->temi.neighbours], to be freed: from the file that --knn
 * names, of which the first columns are taken, or found now. */
uint32_t *cluster_neighbours_get(cluster_session *s,
                                 const cluster_features *x, host_failure *f);

/* Finds them and writes --out, int32, and --similarity, float32.  What is
 * found so far is kept in FILE.part, from which --resume goes on. */
bool cluster_neighbours_write(cluster_session *s, const cluster_features *x,
                              host_failure *f);

#endif
