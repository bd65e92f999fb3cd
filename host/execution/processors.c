/* SPDX-License-Identifier: MIT
 *
 * processors.c - how many processors are ours. */
#define _GNU_SOURCE /* sched_getaffinity */
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/execution/processors.h"

/* The one line of a small file; false if there is none. */
static bool read_line(const char *path, char *line, int size)
{
    FILE *file = fopen(path, "r");
    bool good = file != NULL && fgets(line, size, file) != NULL;
    if (file != NULL) {
        fclose(file);
    }
    return good;
}

/* Version 2: "QUOTA PERIOD", QUOTA may be "max". */
static double unified(const char *folder)
{
    char path[4200], line[128];
    double quota, period;
    snprintf(path, sizeof path, "%s/cpu.max", folder);
    return read_line(path, line, sizeof line) &&
                   sscanf(line, "%lf %lf", &quota, &period) == 2 &&
                   quota > 0 && period > 0
               ? quota / period
               : 0;
}

/* Version 1: two files, a quota of -1 is none. */
static double legacy(const char *folder)
{
    char path[4200], quota_line[64], period_line[64];
    double quota, period;
    snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", folder);
    if (!read_line(path, quota_line, sizeof quota_line)) {
        return 0;
    }
    snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
    return read_line(path, period_line, sizeof period_line) &&
                   sscanf(quota_line, "%lf", &quota) == 1 &&
                   sscanf(period_line, "%lf", &period) == 1 && quota > 0 &&
                   period > 0
               ? quota / period
               : 0;
}

/* The smallest quota of a group and those above it.  In a container the
 * groups above may not be there, nor the path. */
static double smallest(const char *mount, const char *group,
                       double (*of)(const char *folder))
{
    char folder[4096];
    double least = 0;
    size_t base = strlen(mount);
    int length = snprintf(folder, sizeof folder, "%s%s", mount, group);
    if (length < 0 || (size_t)length >= sizeof folder) {
        return 0;
    }
    for (;;) {
        double quota = of(folder);
        least = quota > 0 && (least <= 0 || quota < least) ? quota : least;
        char *slash = strrchr(folder + base, '/');
        if (slash == NULL) {
            return least;
        }
        *slash = '\0';
    }
}

/* Whether "cpu" is one of the words, commas between them. */
static bool names_cpu(const char *words, size_t length)
{
    for (const char *p = words; p < words + length; p++) {
        size_t n = strcspn(p, ",:");
        if (n == 3 && memcmp(p, "cpu", 3) == 0) {
            return true;
        }
        p += n;
    }
    return false;
}

/* A line is "N:CONTROLLERS:PATH"; version 2 has no controllers there. */
static double quota_of_line(const char *root, const char *line)
{
    char mount[4096];
    const char *words = strchr(line, ':');
    const char *group = words != NULL ? strchr(words + 1, ':') : NULL;
    if (group == NULL) {
        return 0;
    }
    size_t length = (size_t)(group - words - 1);
    bool first = length > 0;
    if (first && !names_cpu(words + 1, length)) {
        return 0;
    }
    int n = snprintf(mount, sizeof mount, "%s/sys/fs/cgroup%s", root,
                     first ? "/cpu" : "");
    return n < (int)sizeof mount
               ? smallest(mount, group + 1, first ? legacy : unified)
               : 0;
}

double host_processors_quota(const char *root)
{
    char path[4096], line[4096];
    double least = 0;
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        double quota = quota_of_line(root, line);
        least = quota > 0 && (least <= 0 || quota < least) ? quota : least;
    }
    if (file != NULL) {
        fclose(file);
    }
    return least;
}

uint32_t host_processors(void)
{
    cpu_set_t set;
    long n = sched_getaffinity(0, sizeof set, &set) == 0
                 ? CPU_COUNT(&set)
                 : sysconf(_SC_NPROCESSORS_ONLN);
    double quota = host_processors_quota("");
    if (quota > 0 && quota < (double)n) {
        n = (long)quota;
    }
    return n < 1                        ? 1
           : n > (long)HOST_MAX_THREADS ? HOST_MAX_THREADS
                                        : (uint32_t)n;
}
