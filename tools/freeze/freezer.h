/* SPDX-License-Identifier: MIT
 *
 * freezer.h - writes the files of a frozen model, compared with the
 * reference first if that is asked for. */
#ifndef CEDM_TOOLS_FREEZE_FREEZER_H
#define CEDM_TOOLS_FREEZE_FREEZER_H

#include "codegen/codegen.h"
#include "host/cli/failure.h"

typedef struct freezer {
    const char *directory, *name;
    bool build[CG_BINARIES]; /* also M.so, M.wasm */
    const char *golden;      /* NULL, or a file to compare with */
} freezer;

/* False, as bad usage, if one of the files would replace one of `inputs`, each
 * a path or NULL (spared.h). */
bool freezer_spares(const freezer *to, const char *const *inputs,
                    size_t count, host_failure *f);

/* With a golden file nothing is written unless every item is within its
 * limit; the items are printed. */
bool freezer_write(const freezer *to, const cg_program *program,
                   const cg_file *checkpoint, host_failure *f);

#endif
