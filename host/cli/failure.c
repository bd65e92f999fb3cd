/* SPDX-License-Identifier: MIT
 *
 * failure.c - one line that says why a command stops, and its exit code. */
#include <stdarg.h>
#include <stdio.h>

#include "codegen/codegen.h"
#include "host/cli/failure.h"

bool host_fail(host_failure *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    f->code = HOST_EXIT_FAILED;
    cg_write_line(f->text, sizeof f->text, format, args);
    va_end(args);
    return false;
}

bool host_bad_usage(host_failure *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    f->code = HOST_EXIT_USAGE;
    cg_write_line(f->text, sizeof f->text, format, args);
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
