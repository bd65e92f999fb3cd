/* SPDX-License-Identifier: MIT
 *
 * names.c - the only door through which names of a checkpoint reach text. */
#include "codegen/ir/names.h"

#include <stdbool.h>
#include <stddef.h>

static bool is_harmless(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '.';
}

void cg_safe_name(cg_name safe, const char *name)
{
    size_t n = 0;

    for (; name != NULL && name[n] != '\0' && n < CG_NAME_MAX - 1; n++) {
        safe[n] = is_harmless(name[n]) ? name[n] : '_';
    }
    safe[n] = '\0';
}
