/* SPDX-License-Identifier: MIT
 *
 * scores.h - what a clustering is worth: how many clusters it uses, and how
 * it agrees with labels that it did not see. */
#ifndef CEDM_CLUSTER_SCORES_H
#define CEDM_CLUSTER_SCORES_H

#include <stdbool.h>
#include <stdint.h>

#include "host/cli/failure.h"

/* Which of the clusters are used. */
typedef struct cluster_usage {
    uint64_t rows;
    uint32_t clusters; /* there are */
    uint32_t used;     /* have rows */
    double r_c;        /* used / clusters [CEDM] */
    double kl;         /* of the uniform distribution over the used clusters
                          from the clusters' own, in nats */
    uint64_t smallest, largest; /* rows of a used cluster */
} cluster_usage;

/* ids [rows], each 0 .. clusters - 1; rows >= 1. */
bool cluster_usage_of(cluster_usage *u, const int32_t *ids, uint64_t rows,
                      uint32_t clusters, host_failure *f);

/* Agreement with labels, all symmetric but acc [SKLEARN].
 *   nmi  mutual information over the mean of the entropies; 1 if both are
 *        one cluster, 0 if nothing is shared
 *   ami  the same with its expectation for random partitions of the same
 *        sizes taken off above and below [AMI]: 1 at best, about 0 by chance
 *   ari  agreement of pairs of rows, adjusted likewise [ARI]
 *   acc  share of rows in the class that their cluster is given: one cluster
 *        for each class, so that as many rows as can be are right; if there
 *        are more clusters than classes, those left over, and those that
 *        share no row with their class, take the class of most of their rows */
typedef struct cluster_agreement {
    double nmi, ami, ari, acc;
} cluster_agreement;

/* ids and labels [rows], 0 or more; rows >= 1.  Cost: sorting the rows, a
 * matrix of clusters by classes, and time of (fewer of them)^2 times the
 * others. */
bool cluster_agreement_of(cluster_agreement *a, const int32_t *ids,
                          const int32_t *labels, uint64_t rows,
                          host_failure *f);

#endif
