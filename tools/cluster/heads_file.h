/* SPDX-License-Identifier: MIT
 *
 * heads_file.h - heads on disk, under the names of TEMI's checkpoints [TEMI]:
 * head.heads.I.mlp.0.weight and so on, head.best_head_idx, embed_mean,
 * embed_std. */
#ifndef CEDM_TOOLS_CLUSTER_HEADS_FILE_H
#define CEDM_TOOLS_CLUSTER_HEADS_FILE_H

#include "cluster/temi.h"
#include "tools/cluster/cluster_files.h"

typedef struct cluster_heads_file {
    cluster_head_layout layout;
    uint32_t heads, best;
    float *best_head;     /* its array */
    float *shift, *scale; /* [width]: of features, or NULL */
    bool normalize;       /* rows are divided by their lengths first */
} cluster_heads_file;

/* Whether an open file holds heads. */
bool cluster_heads_there(const cg_file *file);

/* Reads the best head and what features go through before. */
bool cluster_heads_read(cluster_heads_file *h, const cg_file *file,
                        host_failure *f);
void cluster_heads_close(cluster_heads_file *h); /* also a zeroed one */

/* The teachers of a training.  mean and deviation [width] or NULL; `about` is
 * the JSON of the metadata cedm.cluster. */
bool cluster_heads_write(const char *path, const cluster_temi *t,
                         const float *mean, const float *deviation,
                         const char *about, host_failure *f);

#endif
