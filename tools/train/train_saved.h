/* SPDX-License-Identifier: MIT
 *
 * train_saved.h - the options that a run began with, for --resume. */
#ifndef CEDM_TOOLS_TRAIN_SAVED_H
#define CEDM_TOOLS_TRAIN_SAVED_H

#include <cjson/cJSON.h>

#include "host/cli/args.h"
#include "trainer/train_options.h"

/* Notes an option that was given; a later one of the name replaces it.  Paths
 * become absolute, so that a run can go on from another folder.  What is said
 * about one start only (--resume, --transfer) is not kept. */
bool train_saved_note(cJSON *kept, const host_args *a, host_failure *f);

/* Reads the "arguments" of FOLDER/options.json as a command line; without the
 * file there are none.  To be freed in any case. */
bool train_saved_read(train_saved *saved, const char *folder,
                      host_failure *f);
void train_saved_free(train_saved *saved); /* harmless on a zeroed one */

#endif
