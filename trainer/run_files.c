/* SPDX-License-Identifier: MIT
 *
 * run_files.c - the names of a run's files, and its statistics. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trainer/curve.h"
#include "host/files/output.h"
#include "trainer/run.h"

#define STATS_LIMIT ((size_t)1 << 30)

void train_run_path_at(const train_run *r, const char *kind,
                       const char *suffix, uint64_t seen, char *path,
                       size_t size)
{
    (void)snprintf(path, size, "%s/%s-%09" PRIu64 ".%s", r->options->out,
                   kind, seen, suffix);
}

void train_run_path(const train_run *r, const char *kind, const char *suffix,
                    char *path, size_t size)
{
    train_run_path_at(r, kind, suffix, r->seen, path, size);
}

int64_t train_run_number(const char *name, const char *kind,
                         const char *suffix)
{
    size_t n = strlen(kind);
    uint64_t number;
    char *end;

    if (strncmp(name, kind, n) != 0 || name[n] != '-' || name[n + 1] < '0' ||
        name[n + 1] > '9') {
        return -1;
    }
    number = strtoull(name + n + 1, &end, 10);
    return *end == '.' && strcmp(end + 1, suffix) == 0 && number < INT64_MAX
               ? (int64_t)number
               : -1;
}

/* The largest number below `under` of a kind of file, or -1; false, with
 * errno, if the folder cannot be read. */
static bool newest(const char *folder, const char *kind, const char *suffix,
                   int64_t under, int64_t *best)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;

    *best = -1;
    if (dir == NULL) {
        return errno == ENOENT;
    }
    for (errno = 0; (entry = readdir(dir)) != NULL; errno = 0) {
        int64_t number = train_run_number(entry->d_name, kind, suffix);

        *best = number > *best && number < under ? number : *best;
    }
    if (errno != 0) {
        int code = errno;

        (void)closedir(dir);
        errno = code;
        return false;
    }
    (void)closedir(dir);
    return true;
}

bool train_run_newest(const char *folder, const char *kind,
                      const char *suffix, int64_t under, int64_t *number,
                      host_failure *f)
{
    return newest(folder, kind, suffix, under, number) ||
           host_fail(f, "%s: cannot be read: %s", folder, strerror(errno));
}

static void prune_kind(const char *folder, const char *kind,
                       const char *suffix, uint32_t keep)
{
    int64_t number = INT64_MAX;

    for (uint32_t i = 0; i < keep && number >= 0; i++) {
        if (!newest(folder, kind, suffix, number, &number)) {
            return; /* too many points do no harm */
        }
    }
    while (number >= 0 && newest(folder, kind, suffix, number, &number) &&
           number >= 0) {
        char path[4096];

        (void)snprintf(path, sizeof path, "%s/%s-%09" PRId64 ".%s", folder,
                       kind, number, suffix);
        (void)unlink(path);
    }
}

void train_run_prune(const char *folder, uint32_t keep)
{
    if (keep > 0) {
        prune_kind(folder, "state", "safetensors", keep);
        prune_kind(folder, "snapshot", "safetensors", keep);
        prune_kind(folder, "grid", "png", keep);
    }
}

/* ---- statistics --------------------------------------------------------- */

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

bool train_run_draw_stats(const train_run *r, host_failure *f)
{
    char path[4096];
    unsigned char *text;
    size_t size;
    bool good;

    stats_path(r, path, sizeof path);
    if (access(path, F_OK) != 0) {
        return errno == ENOENT || /* no tick has ended yet */
               host_fail(f, "%s: cannot be read: %s", path, strerror(errno));
    }
    text = host_input_file(path, STATS_LIMIT, &size, f);
    (void)snprintf(path, sizeof path, "%s/loss.png", r->options->out);
    good = text != NULL && train_curve_write((char *)text, path, f);
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
    char path[4096];
    unsigned char *text;
    size_t size;
    bool good;

    stats_path(r, path, sizeof path);
    if (access(path, F_OK) != 0) {
        return errno == ENOENT || /* no tick has ended yet */
               host_fail(f, "%s: cannot be read: %s", path, strerror(errno));
    }
    text = host_input_file(path, STATS_LIMIT, &size, f);
    if (text == NULL) {
        return false;
    }
    good =
        host_output_file(path, text, lines_until((char *)text, r->seen), f);
    free(text);
    return good;
}
