/* SPDX-License-Identifier: MIT
 *
 * want.h - what fuzz targets share: what must hold, and what a message must
 * be. */
#ifndef CEDM_FUZZ_WANT_H
#define CEDM_FUZZ_WANT_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "host/cli/failure.h"

static inline void want(bool condition)
{
    if (!condition) {
        abort();
    }
}

/* Something is said, in one line, and no byte of it commands a terminal. */
static inline void want_line(const char *text)
{
    want(text[0] != '\0');
    want(strpbrk(text, "\n\r\033") == NULL);
    want(strstr(text, "\xc2\x9b") == NULL);
}

static inline void want_failure(const host_failure *f)
{
    want(f->code == HOST_EXIT_FAILED);
    want(strlen(f->text) < sizeof f->text);
    want_line(f->text);
}

/* Of a command line, which may be used wrongly. */
static inline void want_refusal(const host_failure *f)
{
    want(f->code == HOST_EXIT_USAGE || f->code == HOST_EXIT_FAILED);
    want(strlen(f->text) < sizeof f->text);
    want_line(f->text);
}

#endif
