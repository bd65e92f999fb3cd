/* SPDX-License-Identifier: MIT
 *
 * kmeans_parts.h - the two halves of an iteration (private to k-means). */
#ifndef CEDM_CLUSTER_KMEANS_PARTS_H
#define CEDM_CLUSTER_KMEANS_PARTS_H

#include "cluster/kmeans.h"

/* Rows whose scores a task computes at a time: whole tiles. */
#define CLUSTER_GROUP 96u

/* Floats of a worker's scratch. */
size_t cluster_kmeans_scratch(const cluster_kmeans *k);

/* A run in which nothing is known but where its centres are, which may be
 * set before or after. */
void cluster_kmeans_clear(cluster_kmeans *k, uint32_t run);

/* Forgets all bounds: the next assignment looks at every row. */
void cluster_kmeans_unbound(cluster_kmeans *k);

/* Labels by the nearest centre; those that they had go to `previous`. */
void cluster_kmeans_assign(cluster_kmeans *k);

/* Brings sums and counts from `previous` to the labels; returns how many
 * labels differ. */
uint64_t cluster_kmeans_sum(cluster_kmeans *k);

/* Centres to the means of their rows, and k->moves; returns the sum of the
 * moves' squares. */
double cluster_kmeans_move(cluster_kmeans *k);

/* Squared distances of rows from the centres of their labels: their sum, and
 * one by one, [rows], unless NULL. */
double cluster_kmeans_distances(cluster_kmeans *k, float *each);

#endif
