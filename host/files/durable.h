/* SPDX-License-Identifier: MIT
 *
 * durable.h - files that outlive a loss of power: for what cannot be made
 * again, such as the states of a training run. */
#ifndef CEDM_HOST_FILES_DURABLE_H
#define CEDM_HOST_FILES_DURABLE_H

#include "host/files/output.h"

/* host_output_commit of the file `path`: its bytes are on the disk before the
 * name is there, and the name is on the disk when it returns [FSYNC].  Whoever
 * removes an older file afterwards always leaves one that is whole.  Costs a
 * wait for the disk. */
bool host_durable_commit(host_output *out, const char *path, host_failure *f);

#endif
