/* SPDX-License-Identifier: MIT
 *
 * error.h - filling in a cg_error. */
#ifndef CEDM_CODEGEN_ERROR_H
#define CEDM_CODEGEN_ERROR_H

#include "codegen/codegen.h"

/* Writes the message, cleaned, over the one before it.  Always returns false,
 * so that `return cg_fail(...)` reads well. */
bool cg_fail(cg_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
