/* SPDX-License-Identifier: MIT
 *
 * bench.h - one way to take times and one description of the machine, for
 * the programs in this folder.
 *
 * Lines that start with # describe; the others are a table of columns that
 * are aligned for the eye and separated by commas for programs. */
#ifndef CEDM_BENCH_H
#define CEDM_BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BENCH_SAMPLES 25

/* CFLAGS of the build, if it says: -DCEDM_BENCH_FLAGS='"-O2"'. */
#ifndef CEDM_BENCH_FLAGS
#define CEDM_BENCH_FLAGS "as in the Makefile"
#endif

typedef struct bench_times {
    double min, median; /* seconds */
} bench_times;

typedef void bench_fn(void *arg);

/* CLOCK_MONOTONIC, or CLOCK_THREAD_CPUTIME_ID where one thread works alone:
 * other programs on the machine then count little. */
static inline double bench_now(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline int bench_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Sorts samples and takes the two numbers that are reported. */
static inline bench_times bench_summary(double *samples, size_t count)
{
    qsort(samples, count, sizeof *samples, bench_compare);
    return (bench_times){samples[0], samples[count / 2]};
}

/* One warm-up of at least 20 ms, which also says how many calls make a
 * sample of at least 1 ms; then the samples. */
static inline bench_times bench_run(clockid_t clock, bench_fn *fn, void *arg)
{
    double samples[BENCH_SAMPLES], start = bench_now(clock), spent;
    size_t calls = 0, repeat;

    do {
        fn(arg);
        calls++;
        spent = bench_now(clock) - start;
    } while (spent < 0.02);
    repeat = (size_t)(1e-3 / (spent / (double)calls)) + 1;
    for (size_t i = 0; i < BENCH_SAMPLES; i++) {
        start = bench_now(clock);
        for (size_t k = 0; k < repeat; k++) {
            fn(arg);
        }
        samples[i] = (bench_now(clock) - start) / (double)repeat;
    }
    return bench_summary(samples, BENCH_SAMPLES);
}

static inline void bench_print_machine(void)
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "r");

    printf("# cpu: ");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        const char *colon = strchr(line, ':');

        if (strncmp(line, "model name", 10) == 0 && colon != NULL) {
            printf("%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
            break;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    printf("\n# compiler: %s %s\n# flags: %s\n",
#ifdef __clang__
           "clang",
#else
           "gcc",
#endif
           __VERSION__, CEDM_BENCH_FLAGS);
}

#endif
