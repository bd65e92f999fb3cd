/* SPDX-License-Identifier: MIT
 *
 * minibatch.h - k-means from small samples of the rows, one after the other
 * [MINIBATCH], in scikit-learn's form.
 *
 * A step draws `batch` rows with replacement, assigns them, and moves every
 * centre to the mean of all rows that it was ever given.  Once every 10
 * clusters-times rows drawn, or while a cluster never had one, clusters with
 * less than 1 % of the largest count are placed on rows of the batch, half a
 * batch at most, the smallest first, and their counts become the smallest of
 * the others.  A run ends when the batches' mean inertia, smoothed
 * exponentially over about the rows' number, has not fallen for 10 steps, or
 * after options.iterations passes over as many rows as there are.
 *
 * Of several runs only the seeds count: the centres that suit a sample best
 * are kept.  Seeds are chosen among 3 batches of rows, or 3 times the
 * clusters if that is more. */
#ifndef CEDM_CLUSTER_MINIBATCH_H
#define CEDM_CLUSTER_MINIBATCH_H

#include "cluster/kmeans.h"

/* What the steps so far leave behind, besides the centres: public. */
typedef struct cluster_minibatch_state {
    uint64_t step;
    uint64_t since;         /* rows since clusters were replaced */
    double smoothed, least; /* inertia of a row; infinite before the second
                               step */
    uint32_t worse;         /* steps without a new least */
} cluster_minibatch_state;

typedef struct cluster_minibatch {
    cluster_kmeans *k; /* centres and counts are the state's */
    uint32_t batch;
    cluster_minibatch_state state;
    float *x;                  /* [batch][width] */
    uint32_t *rows;            /* [batch] */
    cluster_nearest *found;    /* [batch] */
    uint32_t *members, *first; /* rows of the batch by cluster, and where a
                                  cluster's begin: [batch], [clusters + 1] */
    double *inertia;           /* [tasks] */
    struct cluster_count {     /* clusters by their counts */
        int64_t count;
        uint32_t cluster;
    } * order;
} cluster_minibatch;

/* k is open, and its rows, options and workers are used; it must outlive m.
 * batch: 1.., cut to the rows.  Memory: two batches of rows and seeds. */
bool cluster_minibatch_open(cluster_minibatch *m, cluster_kmeans *k,
                            uint32_t batch, host_failure *f);
void cluster_minibatch_close(cluster_minibatch *m); /* also a zeroed one */

/* Places the centres: the best of `runs` seedings. */
bool cluster_minibatch_begin(cluster_minibatch *m, uint32_t runs,
                             host_failure *f);

/* One batch.  False after the last; cluster_kmeans_finish(k) then assigns all
 * rows. */
bool cluster_minibatch_step(cluster_minibatch *m);

#endif
