/* SPDX-License-Identifier: MIT
 *
 * progress.h - how far a run is, on stderr. */
#ifndef CEDM_HOST_CLI_PROGRESS_H
#define CEDM_HOST_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum host_progress_kind {
    HOST_PROGRESS_AUTO, /* a bar if stderr is a terminal */
    HOST_PROGRESS_BAR,  /* on a screen; elsewhere a line now and then */
    HOST_PROGRESS_JSON, /* one object a line */
    HOST_PROGRESS_NONE
} host_progress_kind;

typedef struct host_progress {
    host_progress_kind kind;
    bool screen; /* stderr is a terminal that can overwrite a line */
    uint64_t images;
    uint32_t steps;
    double start, shown; /* seconds */
} host_progress;

/* Seconds of a clock that never runs back. */
double host_seconds(void);

void host_progress_begin(host_progress *p, host_progress_kind kind,
                         uint64_t images, uint32_t steps);

/* `done` images are finished; of the next `batch`, `step` steps. */
void host_progress_show(host_progress *p, uint64_t done, uint32_t batch,
                        uint32_t step);
void host_progress_end(host_progress *p);

/* A bar and a text of ASCII in at most `width` columns, zero-terminated: the
 * bar goes first where both do not fit. */
void host_progress_line(char *line, size_t size, int width, double part,
                        const char *text);

#endif
