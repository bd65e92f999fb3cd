/* SPDX-License-Identifier: MIT
 *
 * gen_path.c - the best way from the first of a row of points to the last. */
#include "tools/gen/gen_path.h"

#include <math.h>
#include <stdlib.h>

/* For each number of jumps and each point: the cost of coming there, and the
 * point before. */
typedef struct table {
    double *best;     /* [jumps + 1][points] */
    uint32_t *before; /* [jumps + 1][points] */
} table;

static void fill(const table *t, const double *cost, uint32_t points,
                 uint32_t jumps, double growth)
{
    for (uint32_t j = 0; j < points; j++) {
        t->best[j] = j == 0 ? 0 : HUGE_VAL;
    }
    for (uint32_t k = 1; k <= jumps; k++) {
        const double *last = t->best + (k - 1) * (size_t)points;
        double *now = t->best + k * (size_t)points;
        uint32_t *before = t->before + k * (size_t)points;
        for (uint32_t j = 0; j < points; j++) {
            now[j] = HUGE_VAL;
            for (uint32_t i = 0; i < j; i++) {
                double c = growth * last[i] + cost[i * (size_t)points + j];
                if (c < now[j]) {
                    now[j] = c;
                    before[j] = i;
                }
            }
        }
    }
}

bool gen_path_find(const double *cost, uint32_t points, uint32_t jumps,
                   double growth, uint32_t *path, host_failure *f)
{
    size_t cells = (jumps + 1) * (size_t)points;
    table t = {calloc(cells, sizeof *t.best),
               calloc(cells, sizeof *t.before)};
    bool good = t.best != NULL && t.before != NULL;
    if (good) {
        fill(&t, cost, points, jumps, growth);
        path[jumps] = points - 1;
        for (uint32_t k = jumps; k > 0; k--) {
            path[k - 1] = t.before[k * (size_t)points + path[k]];
        }
    }
    free(t.best);
    free(t.before);
    return good || host_fail(f, "out of memory for %u levels", points);
}
