/* SPDX-License-Identifier: MIT
 *
 * shares.h - how ranks share the work: each runs its part of the tasks of a
 * list, and what they made becomes everybody's.
 *
 * A task does the same whoever runs it, and nothing is added up but integers:
 * results have the same bits for any number of ranks.  All of this is
 * collective; with one rank it is that rank's work and costs nothing. */
#ifndef CEDM_CLUSTER_SHARES_H
#define CEDM_CLUSTER_SHARES_H

#include "cluster/workers.h"

/* Things first .. first + count - 1. */
typedef struct cluster_share {
    uint64_t first, count;
} cluster_share;

/* This rank's part of `count` things, cut between groups of `group`: parts
 * differ by one group at most. */
cluster_share cluster_share_mine(uint64_t count, uint64_t group);

/* Runs this rank's tasks of 0..count-1, whole groups of them. */
void cluster_run_mine(const cluster_workers *w, cedm_task *task, void *arg,
                      uint64_t count, uint64_t group);

/* Makes everybody's part of values [count], of `size` bytes each, known to
 * all. */
void cluster_gather(void *values, size_t size, uint64_t count,
                    uint64_t group);

/* Sums over all ranks. */
void cluster_add_up(int64_t *values, uint64_t count);

#endif
