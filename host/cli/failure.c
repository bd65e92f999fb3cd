/* SPDX-License-Identifier: MIT
 *
 * failure.c - one line that says why a command stops, and its exit code. */
#include <stdarg.h>
#include <stdio.h>

#include "codegen/codegen.h"
#include "host/cli/failure.h"

static void write_line(host_failure *f, int code, const char *format,
                       va_list args) __attribute__((format(printf, 3, 0)));

static void write_line(host_failure *f, int code, const char *format,
                       va_list args)
{
    f->code = code;
    vsnprintf(f->text, sizeof f->text, format, args);
    cg_clean(f->text);
}

bool host_fail(host_failure *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_line(f, HOST_EXIT_FAILED, format, args);
    va_end(args);
    return false;
}

bool host_bad_usage(host_failure *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_line(f, HOST_EXIT_USAGE, format, args);
    va_end(args);
    return false;
}

int host_failure_report(const char *tool, const host_failure *f)
{
    if (f->code != HOST_EXIT_INTERRUPTED) {
        fprintf(stderr, "%s: %s\n", tool, f->text);
    }
    return f->code;
}
