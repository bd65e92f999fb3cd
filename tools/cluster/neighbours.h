/* SPDX-License-Identifier: MIT
 *
 * neighbours.h - the neighbours of all rows, in memory or in a file. */
#ifndef CEDM_TOOLS_CLUSTER_NEIGHBOURS_H
#define CEDM_TOOLS_CLUSTER_NEIGHBOURS_H

#include "tools/cluster/cluster_files.h"

/* How many rows are done. */
void cluster_neighbours_show(cluster_session *s, uint64_t done,
                             uint64_t rows);

/* [rows][settings->temi.neighbours], to be freed: from the file that --knn
 * names, of which the first columns are taken, or found now.  Collective. */
uint32_t *cluster_neighbours_get(cluster_session *s,
                                 const cluster_features *x, host_failure *f);

/* Finds those of the rows of this process's shard, which it keeps in a part
 * beside --out; --resume goes on from it.  Whoever ends last writes --out,
 * int32, and --similarity, float32, and takes the parts away.  Results are the
 * rows that are there now: 0 while others are not done. */
bool cluster_neighbours_write(cluster_session *s, const cluster_features *x,
                              host_failure *f);

#endif
