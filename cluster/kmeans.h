/* SPDX-License-Identifier: MIT
 *
 * kmeans.h - k-means as scikit-learn defines it [SKLEARN]: Lloyd's algorithm
 * [LLOYD] from greedy k-means++ seeds [KMEANSPP], relocation of clusters that
 * become empty, and the better of several runs.
 *
 * Rows are centred at their mean first.  An iteration assigns every row to
 * its nearest centre (the lowest index among equals) and moves every centre
 * to the mean of its rows.  A run ends when no label changes, when the
 * centres' squared moves add up to no more than `tolerance` times the mean
 * variance of the columns, or after `iterations`; unless labels stayed, rows
 * are assigned once more, to the final centres.
 *
 * Of m empty clusters, in order, each takes one of the m rows farthest from
 * the centres that they were assigned to, the farthest first; the row leaves
 * the mean of its cluster and keeps its label until the next iteration.  None
 * moves if all rows lie on their centres.  A cluster that has no row after
 * that lies at the mean of the largest one.
 *
 * Sums of rows are integers, in units of 2^-62 of what they could become:
 * exact, so that they depend on the labels alone.  Scores are products in
 * single precision.  A row is not looked at where bounds on its distances
 * [HAMERLY] prove that its label stays, rounding errors included.
 *
 *     cluster_kmeans k;
 *     good = cluster_kmeans_open(&k, &rows, &options, &workers, f);
 *     for (run = 0; good && run < runs; run++) {
 *         good = cluster_kmeans_begin(&k, run, f);
 *         while (good && cluster_kmeans_step(&k)) {
 *         }
 *         cluster_kmeans_finish(&k);
 *     }
 *
 * The state between two steps is run, iteration, centres and labels, and
 * what `best` holds.
 *
 * Ranks share the rows, shares.h, and all call all of this.  Each knows the
 * labels of its own rows, and of others' after cluster_kmeans_know_labels. */
#ifndef CEDM_CLUSTER_KMEANS_H
#define CEDM_CLUSTER_KMEANS_H

#include "cluster/nearest.h"
#include "cluster/top.h"

/* X(word): how a run begins.  given: at the options' centres. */
#define CLUSTER_SEEDING_LIST(X) X(plusplus) X(random) X(given)

typedef enum cluster_seeding {
#define CLUSTER_SEEDING_ENUM(word) CLUSTER_SEEDING_##word,
    CLUSTER_SEEDING_LIST(CLUSTER_SEEDING_ENUM)
#undef CLUSTER_SEEDING_ENUM
} cluster_seeding;

typedef struct cluster_kmeans_options {
    uint32_t clusters;   /* 1..rows */
    uint32_t iterations; /* at most, 1.. */
    double tolerance;    /* 0 or more, relative */
    cluster_seeding seeding;
    const float *given; /* [clusters][width]; of the rows before centring */
    uint32_t seed;
} cluster_kmeans_options;

/* 300 iterations, tolerance 1e-4, k-means++, seed 0; clusters to be set. */
cluster_kmeans_options cluster_kmeans_options_default(void);

/* What a run found. */
typedef struct cluster_kmeans_result {
    float *centres;  /* [clusters][width], centred */
    int32_t *labels; /* [rows] */
    double inertia;  /* sum of squared distances to them */
    uint32_t run, iterations;
    bool any; /* false: no run has ended */
} cluster_kmeans_result;

typedef struct cluster_kmeans {
    cluster_kmeans_options options;
    cluster_rows rows; /* centred */
    const cluster_workers *workers;
    float *mean;        /* [width], public */
    double tolerance;   /* absolute */
    float *squares;     /* [rows]: |x|^2 */
    double unit, units; /* what 1 in a sum is, and its inverse: powers of 2 */

    uint32_t run, iteration; /* public, as are the next two */
    float *centres;          /* [clusters][width], centred */
    int32_t *labels;         /* [rows]; -1 before the first step; a rank
                                looks after its own rows */
    int32_t *previous;       /* [rows]: labels that the sums are of */
    bool settled;            /* labels are those of the centres */
    int64_t *sums;           /* [clusters][width] of rows by `previous` */
    int64_t *counts;         /* [clusters] */
    int64_t *own_sums, *own_counts; /* of this rank's rows */
    float *upper, *lower; /* [rows]: distances to the own centre and to
                                the nearest other, from either side */
    double *moves;        /* [clusters]: of the last step */
    uint32_t largest;     /* the cluster with most rows */
    cluster_centres packed;
    float *distances;       /* [rows], when a cluster is empty */
    double *block_sums;     /* [blocks] */
    cluster_scored *far;    /* [clusters]: rows that empty clusters take */
    uint32_t *far_to;       /* [clusters]: which */
    unsigned char *scratch; /* [workers] */
    size_t scratch_step;

    cluster_kmeans_result best; /* public */
} cluster_kmeans;

/* rows->shift and scale are NULL; the rows have passed cluster_rows_check.
 * Everything that is given must outlive k.  Memory: 28 bytes a row, 20 bytes
 * an element of the centres, 28 with several ranks, and per worker a block of
 * rows.  Fails if there are fewer rows than clusters. */
bool cluster_kmeans_open(cluster_kmeans *k, const cluster_rows *rows,
                         const cluster_kmeans_options *options,
                         const cluster_workers *workers, host_failure *f);
void cluster_kmeans_close(cluster_kmeans *k); /* also a zeroed one */

/* Places the centres of run number `run`. */
bool cluster_kmeans_begin(cluster_kmeans *k, uint32_t run, host_failure *f);

/* One iteration.  False after the last one of the run. */
bool cluster_kmeans_step(cluster_kmeans *k);

/* Labels of all ranks' rows. */
void cluster_kmeans_know_labels(cluster_kmeans *k);

/* Goes on from centres and labels that were saved after `iteration` steps:
 * k->run, iteration, centres and labels have been filled in. */
void cluster_kmeans_resume(cluster_kmeans *k);

/* Ends the run: its result becomes the best if it is the first, or if its
 * inertia is lower and its partition another.  Returns the inertia. */
double cluster_kmeans_finish(cluster_kmeans *k);

/* ---- parts (kmeans_seed.c) ---------------------------------------------- */

/* Greedy k-means++: `count` rows chosen one after the other, each the best
 * for the potential of 2 + floor(ln count) that were drawn with probability
 * proportional to their squared distance from the nearest chosen one.
 * squares: of all rows.  Cost: count passes over the rows. */
bool cluster_seed_plusplus(const cluster_rows *rows, const float *squares,
                           uint32_t count, uint32_t seed, uint32_t run,
                           const cluster_workers *w, uint64_t *chosen,
                           host_failure *f);

#endif
