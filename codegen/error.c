/* SPDX-License-Identifier: MIT
 *
 * error.c - one line that says what went wrong. */
#include "codegen/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void clean(char *text)
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

void cg_write_line(char *text, size_t size, const char *format, va_list args)
{
    static const char gap[] = " ... ";
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(text, size, format, args);
    size_t all = length < 0 ? 0 : (size_t)length + 1;
    char *whole = all > size ? malloc(all) : NULL;
    if (whole != NULL) {
        size_t last = size * 2 / 3;
        (void)vsnprintf(whole, all, format, again);
        memcpy(text + size - last, whole + all - last, last);
        memcpy(text + size - last - strlen(gap), gap, strlen(gap));
        free(whole);
    }
    va_end(again);
    clean(text);
}

bool cg_fail(cg_error *error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    cg_write_line(error->text, sizeof error->text, format, args);
    va_end(args);
    return false;
}
