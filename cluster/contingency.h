/* SPDX-License-Identifier: MIT
 *
 * contingency.h - how the rows of two partitions meet. */
#ifndef CEDM_CLUSTER_CONTINGENCY_H
#define CEDM_CLUSTER_CONTINGENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A cluster and a class that share rows; both counted by rank among those
 * that are used, so that numbers without rows do not exist. */
typedef struct cluster_cell {
    uint32_t cluster, label;
    uint64_t rows;
} cluster_cell;

typedef struct cluster_contingency {
    uint64_t rows;
    uint32_t clusters, labels; /* used */
    uint64_t *cluster_rows;    /* [clusters] */
    uint64_t *label_rows;      /* [labels] */
    cluster_cell *cells;       /* by cluster, then label; none is empty */
    size_t cell_count;
} cluster_contingency;

/* ids and labels [rows], any numbers.  False: out of memory. */
bool cluster_contingency_open(cluster_contingency *c, const int32_t *ids,
                              const int32_t *labels, uint64_t rows);
void cluster_contingency_close(
    cluster_contingency *c); /* also a zeroed one */

/* One column for each row of a cost matrix, no column twice, with the least
 * sum: column_of [rows].  cost(arg, row, column); rows <= columns.  Time
 * rows^2 * columns, memory of both.  The Hungarian method, row by row along
 * shortest paths [JONKER].  False: out of memory. */
typedef int64_t cluster_cost(const void *arg, uint32_t row, uint32_t column);
bool cluster_match(cluster_cost *cost, const void *arg, uint32_t rows,
                   uint32_t columns, uint32_t *column_of);

#endif
