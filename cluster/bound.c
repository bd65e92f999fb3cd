/* SPDX-License-Identifier: MIT
 *
 * bound.c - the bound on the number of clusters, from shares of used ones. */
#include "cluster/bound.h"

#include <inttypes.h>
#include <stdio.h>

/* Rows that a cluster has on average where an automatic grid ends. */
#define ROWS_PER_CLUSTER 20u

void cluster_bound_add(cluster_bound_point *point, double r_c)
{
    const double runs = (double)point->runs++;

    if (runs == 0.0) {
        point->mean = point->least = point->most = r_c;
        return;
    }
    point->mean += (r_c - point->mean) / (runs + 1.0);
    point->least = r_c < point->least ? r_c : point->least;
    point->most = r_c > point->most ? r_c : point->most;
}

uint32_t cluster_bound(const cluster_bound_point *points, size_t count,
                       double alpha)
{
    uint32_t bound = 0;

    for (size_t i = 0; i < count; i++) {
        if (points[i].mean > alpha && points[i].clusters > bound) {
            bound = points[i].clusters;
        }
    }
    return bound;
}

uint32_t cluster_bound_grid(uint64_t rows, uint32_t grid[CLUSTER_GRID_MAX])
{
    static const uint32_t tenths[] = {10, 15, 20, 30, 40, 50, 60, 80};
    const uint64_t most = rows / ROWS_PER_CLUSTER;
    uint32_t count = 0;

    for (uint64_t decade = 10; decade <= most && decade < 100000000u;
         decade *= 10) {
        for (size_t i = 0; i < sizeof tenths / sizeof *tenths; i++) {
            const uint64_t clusters = decade * tenths[i] / 10;

            if (clusters <= most && count < CLUSTER_GRID_MAX) {
                grid[count++] = (uint32_t)clusters;
            }
        }
    }
    if (count == 0) {
        grid[count++] = 2;
    }
    return count;
}

void cluster_bound_advice(const cluster_bound_point *points, size_t count,
                          double alpha, char *line, size_t size)
{
    const uint32_t bound = cluster_bound(points, count, alpha);
    uint32_t largest = 0, next = 0;

    for (size_t i = 0; i < count; i++) {
        const uint32_t c = points[i].clusters;

        largest = c > largest ? c : largest;
        next = c > bound && (next == 0 || c < next) ? c : next;
    }
    if (bound == 0) {
        (void)snprintf(line, size,
                       "no C of the grid has r_C above %g; try fewer "
                       "clusters than %" PRIu32,
                       alpha, next);
    } else if (bound == largest) {
        (void)snprintf(line, size,
                       "r_C is above %g up to the end of the grid, %" PRIu32
                       "; try more clusters",
                       alpha, bound);
    } else {
        (void)snprintf(line, size,
                       "at most %" PRIu32
                       " clusters; compare FIDs of a few C "
                       "up to it, and refine the grid below %" PRIu32,
                       bound, next);
    }
}
