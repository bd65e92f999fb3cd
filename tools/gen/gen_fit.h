/* SPDX-License-Identifier: MIT
 *
 * gen_fit.h - cedm-gen --fit-sigmas: noise levels for a number of steps. */
#ifndef CEDM_TOOLS_GEN_GEN_FIT_H
#define CEDM_TOOLS_GEN_GEN_FIT_H

#include "tools/gen/gen_draw.h"

/* Follows the images of a job along 61 levels, and prints the list for
 * --sigmas, of as many levels as the job's parameters have, by which jumps from
 * level to level come nearest to them [GITS]. */
bool gen_fit(gen_drawer *d, bool json,
             const volatile sig_atomic_t *interrupted, host_failure *f);

/* The least and the most levels that can be fitted. */
#define GEN_FIT_LEAST 2u
#define GEN_FIT_MOST 61u

#endif
