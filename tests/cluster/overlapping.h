/* SPDX-License-Identifier: MIT
 *
 * overlapping.h - k-means of blobs that overlap, so that labels change for
 * some time: what tests of its bits share. */
#ifndef CEDM_TEST_CLUSTER_OVERLAPPING_H
#define CEDM_TEST_CLUSTER_OVERLAPPING_H

#include "cluster/kmeans.h"

#define OVERLAPPING_ROWS 3000u
#define OVERLAPPING_WIDTH 20u
#define OVERLAPPING_CLUSTERS 40u

/* To be freed by the other. */
cluster_rows overlapping_rows(void);
void overlapping_rows_free(cluster_rows *rows);

extern const cluster_kmeans_options overlapping_options;

/* Opens k and begins its first run; of any rows. */
void overlapping_begin(cluster_kmeans *k, const cluster_rows *rows,
                       const cluster_kmeans_options *options,
                       const cluster_workers *workers);

/* Opens k and makes some runs to their ends; of any rows. */
void overlapping_run(cluster_kmeans *k, const cluster_rows *rows,
                     const cluster_kmeans_options *options,
                     const cluster_workers *workers, uint32_t runs);

/* The best runs of two are the same bits. */
void overlapping_check_equal(const cluster_kmeans *a,
                             const cluster_kmeans *b);

#endif
