/* SPDX-License-Identifier: MIT
 *
 * run_files.c - the names of a run's files. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trainer/run.h"

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
