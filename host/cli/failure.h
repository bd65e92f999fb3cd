/* SPDX-License-Identifier: MIT
 *
 * failure.h - one line that says why a command stops, and its exit code. */
#ifndef CEDM_HOST_CLI_FAILURE_H
#define CEDM_HOST_CLI_FAILURE_H

#include <stdbool.h>

enum host_exit {
    HOST_EXIT_DONE = 0,
    HOST_EXIT_FAILED = 1, /* bad input or failed run */
    HOST_EXIT_USAGE = 2,
    HOST_EXIT_INTERRUPTED = 130
};

typedef struct host_failure {
    int code;
    char text[1024];
} host_failure;

/* What a failure is that nobody described. */
#define HOST_FAILURE_UNSAID                                                  \
    {                                                                        \
        HOST_EXIT_FAILED, "out of memory"                                    \
    }

/* Both write the line, without the tool's name, and return false.  What came
 * in with a file name or an argument and terminals obey becomes '?'. */
bool host_fail(host_failure *f, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool host_bad_usage(host_failure *f, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints `tool: text` on stderr and returns the exit code; an interrupted
 * run prints nothing. */
int host_failure_report(const char *tool, const host_failure *f);

#endif
