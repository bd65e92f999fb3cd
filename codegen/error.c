/* SPDX-License-Identifier: MIT
 *
 * error.c - one line that says what went wrong. */
#include "codegen/error.h"

#include <stdarg.h>
#include <stdio.h>

void cg_clean(char *text)
{
    for (char *p = text; *p != '\0'; p++) {
        unsigned char byte = (unsigned char)*p, next = (unsigned char)p[1];
        if (byte < 0x20u || byte == 0x7fu) {
            *p = '?';
        } else if (byte == 0xc2u && next >= 0x80u && next < 0xa0u) {
            p[0] = p[1] = '?';
        }
    }
}

bool cg_fail(cg_error *error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    cg_clean(error->text);
    return false;
}
