/* SPDX-License-Identifier: MIT
 *
 * heads_write.h - heads on disk, under the names of TEMI's checkpoints. */
#ifndef CEDM_TOOLS_CLUSTER_HEADS_WRITE_H
#define CEDM_TOOLS_CLUSTER_HEADS_WRITE_H

#include "cluster/temi.h"

/* The teachers of a training, as cluster/heads_read.h has their names.  mean
 * and deviation [width] or NULL; `about` is the JSON of the metadata
 * cedm.cluster. */
bool cluster_heads_write(const char *path, const cluster_temi *t,
                         const float *mean, const float *deviation,
                         const char *about, host_failure *f);

#endif
