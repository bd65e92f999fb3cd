/* SPDX-License-Identifier: MIT
 *
 * progress.h - how far a run is, on stderr. */
#ifndef CEDM_TOOLS_PROGRESS_H
#define CEDM_TOOLS_PROGRESS_H

#include <stdint.h>

typedef enum progress_kind {
    PROGRESS_AUTO, /* a bar if stderr is a terminal */
    PROGRESS_BAR,
    PROGRESS_JSON, /* one object a line */
    PROGRESS_NONE
} progress_kind;

typedef struct progress {
    progress_kind kind;
    uint64_t images;
    uint32_t steps;
    double start, shown; /* seconds */
} progress;

/* Seconds of a clock that never runs back. */
double seconds(void);

void progress_begin(progress *p, progress_kind kind, uint64_t images,
                    uint32_t steps);

/* `done` images are finished; of the next `batch`, `step` steps. */
void progress_show(progress *p, uint64_t done, uint32_t batch, uint32_t step);
void progress_end(progress *p);

#endif
