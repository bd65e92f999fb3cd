/* SPDX-License-Identifier: MIT
 *
 * kmeans_state.h - k-means on disk: what it was when it was stopped, and the
 * centres that it found. */
#ifndef CEDM_TOOLS_CLUSTER_KMEANS_STATE_H
#define CEDM_TOOLS_CLUSTER_KMEANS_STATE_H

#include "cluster/minibatch.h"
#include "tools/cluster/cluster_files.h"

/* The state of a run; m is NULL without small batches.  `recipe` says what is
 * computed: another one is refused.  Collective: rank 0 writes and reads. */
bool cluster_kmeans_save(const char *path, const char *recipe,
                         cluster_kmeans *k, const cluster_minibatch *m,
                         host_failure *f);
bool cluster_kmeans_load(const char *path, const char *recipe,
                         cluster_kmeans *k, cluster_minibatch *m,
                         host_failure *f);

/* Centres as a file for assign: `centres` and, exactly, `offsets` from
 * `mean`. */
bool cluster_centres_write(const char *path, const cluster_kmeans *k,
                           const char *about, host_failure *f);

#endif
