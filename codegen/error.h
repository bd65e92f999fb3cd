/* SPDX-License-Identifier: MIT
 *
 * error.h - filling in a cg_error. */
#ifndef CEDM_CODEGEN_ERROR_H
#define CEDM_CODEGEN_ERROR_H

#include "codegen/codegen.h"

/* Writes the message (first one wins is not kept: the last call counts) and
 * returns false, so that `return cg_fail(...)` reads well.  Control bytes in
 * the formatted text are replaced by '?'. */
bool cg_fail(cg_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
