/* SPDX-License-Identifier: MIT
 *
 * knn.h - the exact nearest neighbours of every row among all rows, by cosine
 * similarity, itself excluded.
 *
 * Rows are queries in groups; all rows pass by in packed chunks, and each
 * query keeps its best so far.  Nothing of the size of rows times rows
 * exists.  A similarity is one chain of products, so that it does not depend
 * on groups or chunks; of equal ones the lower row comes first.
 *
 *     cluster_knn n;
 *     good = cluster_knn_open(&n, &rows, k, &workers, f);
 *     for (first = 0; good && first < rows.count; first += n.queries) {
 *         cluster_knn_group(&n, first, rows.count);
 *         (write n.found, [n.queries][k])
 *     }
 */
#ifndef CEDM_CLUSTER_KNN_H
#define CEDM_CLUSTER_KNN_H

#include "cluster/feature_rows.h"
#include "cluster/top.h"

/* Queries of a group. */
#define CLUSTER_QUERIES 8192u

typedef struct cluster_knn {
    cluster_rows rows;
    const cluster_workers *workers;
    uint32_t k;
    float *factor; /* [rows] */
    float *packed; /* a chunk of the rows */
    unsigned char *scratch;
    size_t scratch_step;
    uint64_t first; /* of the group, and of the chunk that passes by */
    uint64_t chunk;

    uint32_t queries;      /* public: of the group */
    cluster_scored *found; /* public: [queries][k], from the best on */
} cluster_knn;

/* Rows have passed cluster_rows_check; rows->factor is NULL, shift and scale
 * are, too: rows are divided by their lengths here; a row of zeros stays one,
 * with similarity 0 to all.  1 <= k < rows.  Memory: 4 bytes a row, 4096 rows,
 * the found ones of a group, and per worker a block of rows. */
bool cluster_knn_open(cluster_knn *n, const cluster_rows *rows, uint32_t k,
                      const cluster_workers *workers, host_failure *f);
void cluster_knn_close(cluster_knn *n); /* also a zeroed one */

/* The neighbours of queries first .. first + n->queries - 1, as many as a
 * group has up to `end`, at most the rows' number. */
void cluster_knn_group(cluster_knn *n, uint64_t first, uint64_t end);

#endif
