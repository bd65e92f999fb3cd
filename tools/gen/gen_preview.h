/* SPDX-License-Identifier: MIT
 *
 * gen_preview.h - pictures of what images will be, every few steps. */
#ifndef CEDM_TOOLS_GEN_GEN_PREVIEW_H
#define CEDM_TOOLS_GEN_GEN_PREVIEW_H

#include "tools/gen/gen_sink.h"

/* Grids as large as the output's, one for each step shown. */
typedef struct gen_preview {
    const gen_sink_config *config;
    uint32_t every, first, steps; /* of --preview; steps first + 1 .. steps */
    uint32_t count;
    host_png_grid *grids; /* [count] */
    uint8_t *images;      /* a batch */
} gen_preview;

/* Shows the state after each `every`-th step of a job, counted from its first,
 * but not after the last, whose images are the output. */
bool gen_preview_open(gen_preview *p, const gen_sink_config *config,
                      uint32_t every, host_failure *f);

/* Whether a preview is to be shown after so many steps of a run. */
bool gen_preview_due(const gen_preview *p, uint32_t done);

/* Puts those of p->images, n images from `first` of the job on, there. */
void gen_preview_put(gen_preview *p, uint32_t done, uint64_t first,
                     uint32_t n);

/* Writes PATH-stepN.png for each, where the output is PATH.png; N is the number
 * of the step. */
bool gen_preview_write(const gen_preview *p, host_failure *f);
void gen_preview_close(gen_preview *p); /* harmless if zeroed */

#endif
