/* SPDX-License-Identifier: MIT
 *
 * failure.h - one line that says why a command stops, and its exit code. */
#ifndef CEDM_TOOLS_FAILURE_H
#define CEDM_TOOLS_FAILURE_H

#include <stdbool.h>

enum exit_code {
    EXIT_DONE = 0,
    EXIT_FAILED = 1, /* bad input or failed run */
    EXIT_USAGE = 2,
    EXIT_INTERRUPTED = 130
};

typedef struct failure {
    int code;
    char text[1024];
} failure;

/* What a failure is that nobody described. */
#define FAILURE_UNSAID {EXIT_FAILED, "out of memory"}

/* Both write the line (without the tool's name) and return false.  Control
 * bytes that came in with a file name or an argument become '?'. */
bool failed(failure *f, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool bad_usage(failure *f, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints `tool: text` on stderr and returns the exit code; an interrupted
 * run prints nothing. */
int failure_report(const char *tool, const failure *f);

#endif
