/* SPDX-License-Identifier: MIT
 *
 * run_stats.c - a run's statistics: lines, pictures, and what they recall. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/files/output.h"
#include "trainer/curve.h"
#include "trainer/run.h"

#define STATS_LIMIT ((size_t)1 << 30)

static void stats_path(const train_run *r, char *path, size_t size)
{
    (void)snprintf(path, size, "%s/stats.jsonl", r->options->out);
}

bool train_run_append_stats(const train_run *r, const char *line,
                            host_failure *f)
{
    char path[4096];
    FILE *file;
    bool good;

    stats_path(r, path, sizeof path);
    file = fopen(path, "a");
    good = (file != NULL && fputs(line, file) >= 0) ||
           host_fail(f, "%s: cannot be written: %s", path, strerror(errno));
    if (file != NULL && fclose(file) != 0 && good) {
        good =
            host_fail(f, "%s: cannot be written: %s", path, strerror(errno));
    }
    return good;
}

/* The text, to be freed; without a tick there is none, which is no error. */
static bool read_stats(const train_run *r, char **text, host_failure *f)
{
    char path[4096];
    size_t size;
    struct stat st;

    *text = NULL;
    stats_path(r, path, sizeof path);
    if (stat(path, &st) != 0) {
        return errno == ENOENT ||
               host_fail(f, "%s: cannot be read: %s", path, strerror(errno));
    }
    if (st.st_size == 0) {
        return true; /* killed in its first tick */
    }
    *text = (char *)host_input_file(path, STATS_LIMIT, &size, f);
    return *text != NULL;
}

static bool draw(const train_run *r, const char *text, const char *name,
                 const train_curve *what, host_failure *f)
{
    char path[4096];

    (void)snprintf(path, sizeof path, "%s/%s.png", r->options->out, name);
    return train_curve_write(text, what, path, f);
}

bool train_run_draw_stats(const train_run *r, host_failure *f)
{
    char *text;
    bool good =
        read_stats(r, &text, f) &&
        (text == NULL || (draw(r, text, "loss", &train_curve_loss, f) &&
                          draw(r, text, "fd", &train_curve_distance, f)));

    free(text);
    return good;
}

/* Length of the lines at the start that are not later than `seen`. */
static size_t lines_until(const char *text, uint64_t seen)
{
    const char *at = text;

    while (*at != '\0') {
        const char *field = strstr(at, "\"seen\":");
        const char *end = strchr(at, '\n');

        if (field == NULL || end == NULL || field > end ||
            strtoull(field + 7, NULL, 10) > seen) {
            break;
        }
        at = end + 1;
    }
    return (size_t)(at - text);
}

bool train_run_cut_stats(const train_run *r, host_failure *f)
{
    char path[4096], *text;
    bool good = read_stats(r, &text, f);

    stats_path(r, path, sizeof path);
    good =
        good && (text == NULL ||
                 host_output_file(path, text, lines_until(text, r->seen), f));
    free(text);
    return good;
}

/* ---- distances ---------------------------------------------------------- */

void train_run_note_distance(train_run *r, uint64_t seen, double distance)
{
    bool better = r->judged.count == 0 || distance < r->judged.best;

    if (better) {
        r->judged.best = distance;
        r->judged.best_seen = seen;
    }
    r->judged.count++;
    r->judged.worse = better ? 0 : r->judged.worse + 1;
}

bool train_run_recall_distances(train_run *r, host_failure *f)
{
    char *text;
    bool good = read_stats(r, &text, f);

    for (const char *at = text; at != NULL && *at != '\0';) {
        double seen = train_curve_field(at, "seen");
        double distance = train_curve_field(at, "fd");

        if (seen >= 0.0 && seen < 0x1p53 && distance >= 0.0 &&
            distance < HUGE_VAL) {
            train_run_note_distance(r, (uint64_t)seen, distance);
        }
        at = strchr(at, '\n');
        at = at == NULL ? NULL : at + 1;
    }
    free(text);
    return good;
}

bool train_run_is_enough(const train_run *r)
{
    uint32_t most = r->options->early_stop;

    return most > 0 && r->judged.worse >= most;
}
