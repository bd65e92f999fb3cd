/* SPDX-License-Identifier: MIT
 *
 * progress.c - how far a run is, on stderr. */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "host/cli/progress.h"

#define BAR_WIDTH 32
#define BAR_INTERVAL 0.1 /* seconds; more often is no use to an eye */

double host_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void host_progress_begin(host_progress *p, host_progress_kind kind,
                         uint64_t images, uint32_t steps)
{
    if (kind == HOST_PROGRESS_AUTO) {
        kind = isatty(STDERR_FILENO) ? HOST_PROGRESS_BAR : HOST_PROGRESS_NONE;
    }
    *p = (host_progress){kind, images, steps, host_seconds(), -BAR_INTERVAL};
}

static void show_bar(host_progress *p, uint64_t done, double part, double now)
{
    char bar[BAR_WIDTH + 1];
    for (int i = 0; i < BAR_WIDTH; i++) {
        bar[i] = (i + 0.5) / BAR_WIDTH < part ? '#' : '.';
    }
    bar[BAR_WIDTH] = '\0';
    double left = part > 0 ? now * (1 - part) / part : 0;
    fprintf(stderr,
            "\r[%s] %" PRIu64 "/%" PRIu64
            " images  %.1f s, %.1f s left \033[K",
            bar, done, p->images, now, left);
    fflush(stderr);
}

void host_progress_show(host_progress *p, uint64_t done, uint32_t batch,
                        uint32_t step)
{
    double now = host_seconds() - p->start;
    double part =
        ((double)done + (double)batch * step / p->steps) / (double)p->images;
    if (p->kind == HOST_PROGRESS_JSON) {
        fprintf(stderr,
                "{\"done\": %" PRIu64 ", \"images\": %" PRIu64
                ", \"step\": %u, \"steps\": %u, \"part\": %.4f, "
                "\"seconds\": %.3f}\n",
                done, p->images, step, p->steps, part, now);
    } else if (p->kind == HOST_PROGRESS_BAR &&
               now - p->shown >= BAR_INTERVAL) {
        show_bar(p, done, part, now);
        p->shown = now;
    }
}

void host_progress_end(host_progress *p)
{
    if (p->kind == HOST_PROGRESS_BAR) {
        fputs("\r\033[K", stderr);
    }
    p->kind = HOST_PROGRESS_NONE;
}
