/* SPDX-License-Identifier: MIT
 *
 * bound.h - how many clusters are worth asking for [CEDM].
 *
 * TEMI leaves clusters empty when it is given more than the features hold.
 * r_C is the share of C clusters that have a row of the training set.  The
 * bound is the largest C of a grid whose r_C is above alpha.  r_C does not
 * fall steadily, so that all of the grid is looked at. */
#ifndef CEDM_CLUSTER_BOUND_H
#define CEDM_CLUSTER_BOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* r_C of one C over runs with different seeds. */
typedef struct cluster_bound_point {
    uint32_t clusters, runs; /* runs: 1.. */
    double mean, least, most;
} cluster_bound_point;

/* Alpha of the paper's table. */
#define CLUSTER_BOUND_ALPHA 0.96

/* Takes the r_C of another run into account; a point begins with runs = 0. */
void cluster_bound_add(cluster_bound_point *point, double r_c);

/* C_max: the largest number of clusters whose mean r_C is above alpha; 0 if
 * there is none.  Points may be in any order. */
uint32_t cluster_bound(const cluster_bound_point *points, size_t count,
                       double alpha);

/* A grid for a number of rows: 1, 1.5, 2, 3, 4, 5, 6 and 8 times powers of
 * ten, from 10 up to 20 rows a cluster, 2 if that is less than 10.  Returns how
 * many of CLUSTER_GRID_MAX there are. */
#define CLUSTER_GRID_MAX 64u
uint32_t cluster_bound_grid(uint64_t rows, uint32_t grid[CLUSTER_GRID_MAX]);

/* What to do with a bound, in one line of at most `size` bytes: whether the
 * grid found it or ended too early or too late, and which C to try. */
void cluster_bound_advice(const cluster_bound_point *points, size_t count,
                          double alpha, char *line, size_t size);

/* The curve of r_C by C, on a logarithmic axis, as an SVG file: runs as a
 * band, alpha as a line, C up to the bound shaded.  Points ascend.  To be
 * freed; NULL: out of memory. */
char *cluster_bound_svg(const cluster_bound_point *points, size_t count,
                        double alpha);

#endif
