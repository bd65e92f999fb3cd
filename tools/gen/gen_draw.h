/* SPDX-License-Identifier: MIT
 *
 * gen_draw.h - draws the images of a job. */
#ifndef CEDM_TOOLS_GEN_GEN_DRAW_H
#define CEDM_TOOLS_GEN_GEN_DRAW_H

#include <signal.h>

#include "tools/gen/gen_drawer.h"

/* Draws all images of the job, batch by batch, in order.  When *interrupted
 * becomes true it stops, with HOST_EXIT_INTERRUPTED. */
bool gen_drawer_run(gen_drawer *d, gen_sink *s, host_progress_kind kind,
                    const volatile sig_atomic_t *interrupted,
                    host_failure *f);

#endif
