/* SPDX-License-Identifier: MIT
 *
 * progress.c - how far a run is, on stderr. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "host/cli/progress.h"

#define BAR_WIDTH 32
#define BAR_INTERVAL 0.1 /* seconds; more often is no use to an eye */
#define LINE_INTERVAL 5  /* seconds between lines that stay */

double host_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A terminal that can go back to the beginning of a line and clear it. */
static bool is_screen(void)
{
    const char *term = getenv("TERM");
    return isatty(STDERR_FILENO) && term != NULL && term[0] != '\0' &&
           strcmp(term, "dumb") != 0;
}

/* Columns of the terminal, asked each time: a window may change its size. */
static int columns(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0
               ? size.ws_col
               : 80;
}

void host_progress_begin(host_progress *p, host_progress_kind kind,
                         uint64_t images, uint32_t steps)
{
    if (kind == HOST_PROGRESS_AUTO) {
        kind = isatty(STDERR_FILENO) ? HOST_PROGRESS_BAR : HOST_PROGRESS_NONE;
    }
    *p = (host_progress){.kind = kind,
                         .screen = is_screen(),
                         .images = images,
                         .steps = steps,
                         .start = host_seconds()};
    p->shown = p->screen ? -BAR_INTERVAL : 0;
}

/* Within `width` columns the text, and before it as much of a bar as there is
 * room for: a line that is longer could not be overwritten. */
void host_progress_line(char *line, size_t size, int width, double part,
                        const char *text)
{
    int room = width - (int)strlen(text) - 3; /* brackets and a blank */
    int bar = room > BAR_WIDTH ? BAR_WIDTH : room;
    size_t used = 0;
    if (bar >= 4 && (size_t)bar + 4 < size) {
        line[used++] = '[';
        for (int i = 0; i < bar; i++) {
            line[used++] = (i + 0.5) / bar < part ? '#' : '.';
        }
        line[used++] = ']';
        line[used++] = ' ';
        width -= bar + 3;
    }
    snprintf(line + used, size - used, "%.*s", width > 0 ? width : 0, text);
}

static void show(host_progress *p, uint64_t done, double part, double now)
{
    char text[96], line[160];
    double left = part > 0 ? now * (1 - part) / part : 0;
    snprintf(text, sizeof text,
             "%" PRIu64 "/%" PRIu64 " images  %.1f s, %.1f s left", done,
             p->images, now, left);
    if (p->screen) {
        /* the last column would wrap some terminals */
        host_progress_line(line, sizeof line, columns() - 1, part, text);
        fprintf(stderr, "\r%s\033[K", line);
    } else {
        fprintf(stderr, "%s\n", text);
    }
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
               now - p->shown >=
                   (p->screen ? BAR_INTERVAL : (double)LINE_INTERVAL)) {
        show(p, done, part, now);
        p->shown = now;
    }
}

void host_progress_end(host_progress *p)
{
    if (p->kind == HOST_PROGRESS_BAR && p->screen) {
        fputs("\r\033[K", stderr);
    }
    p->kind = HOST_PROGRESS_NONE;
}
