/* SPDX-License-Identifier: MIT
 *
 * gen_path.h - the best way from the first of a row of points to the last. */
#ifndef CEDM_TOOLS_GEN_GEN_PATH_H
#define CEDM_TOOLS_GEN_GEN_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "host/cli/failure.h"

/* Finds the points that `jumps` jumps go by, path[0] = 0 < path[1] < .. <
 * path[jumps] = points - 1, so that the last jump's cost plus `growth` times
 * all before, and so on, is the least: what a jump does wrong grows on the way.
 * cost is [points][points], from a row to a column after it.  1 <= jumps <
 * points.  By dynamic programming, jumps * points^2 operations. */
bool gen_path_find(const double *cost, uint32_t points, uint32_t jumps,
                   double growth, uint32_t *path, host_failure *f);

#endif
