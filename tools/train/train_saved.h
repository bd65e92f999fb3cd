/* SPDX-License-Identifier: MIT
 *
 * train_saved.h - the options that a run began with, for --resume. */
#ifndef CEDM_TOOLS_TRAIN_SAVED_H
#define CEDM_TOOLS_TRAIN_SAVED_H

#include <cjson/cJSON.h>

#include "host/cli/args.h"

/* Notes an option that was given; a later one of the name replaces it.  Paths
 * become absolute, so that a run can go on from another folder.  What is said
 * about one start only (--resume, --transfer) is not kept. */
bool train_saved_note(cJSON *kept, const host_args *a, host_failure *f);

/* The "arguments" of FOLDER/options.json as a command line, argv[0] being
 * empty; its texts live as long as *json, which is to be freed after it.  No
 * file: no arguments. */
bool train_saved_read(const char *folder, cJSON **json, char ***argv,
                      int *argc, host_failure *f);

#endif
