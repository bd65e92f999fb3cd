/* SPDX-License-Identifier: MIT
 *
 * data_hash.h - the SHA-256 of a data set. */
#ifndef CEDM_HOST_FILES_DATA_HASH_H
#define CEDM_HOST_FILES_DATA_HASH_H

#include "host/cli/failure.h"

/* Of its text, with the zero. */
#define HOST_DATA_HASH 65

/* Reads the data once: the hash is that of a file itself; of a folder that of
 * its image files, each as name, zero, SHA-256 and zero in text. */
bool host_data_hash(const char *path, char hex[HOST_DATA_HASH],
                    host_failure *f);

#endif
