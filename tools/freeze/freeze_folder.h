/* SPDX-License-Identifier: MIT
 *
 * freeze_folder.h - the folder that a model is frozen into, held by one
 * program at a time. */
#ifndef CEDM_TOOLS_FREEZE_FREEZE_FOLDER_H
#define CEDM_TOOLS_FREEZE_FREEZE_FOLDER_H

#include <stddef.h>

#include "host/cli/failure.h"

typedef struct freeze_folder {
    const char *path;
    size_t made; /* bytes of the first part that was missing; 0: none was */
    int lock;
} freeze_folder;

/* Makes the folder and its parents, waits for another cedm-freeze that is at
 * work in it, and removes what killed ones left of the model `name`: its
 * files are one set, and two programs would mix theirs. */
bool freeze_folder_open(freeze_folder *w, const char *path, const char *name,
                        host_failure *f);

/* Without `keep`, folders that were made are removed if they are empty. */
void freeze_folder_close(freeze_folder *w, bool keep);

#endif
