/* SPDX-License-Identifier: MIT
 *
 * heads_read.h - heads in a file, under the names of TEMI's checkpoints
 * [TEMI]: head.heads.I.mlp.0.weight and so on, head.best_head_idx, embed_mean,
 * embed_std. */
#ifndef CEDM_CLUSTER_HEADS_READ_H
#define CEDM_CLUSTER_HEADS_READ_H

#include "cluster/heads.h"
#include "codegen/codegen.h"

typedef struct cluster_heads_file {
    cluster_head_layout layout;
    uint32_t heads, best;
    float *best_head;     /* its array */
    float *shift, *scale; /* [width]: of features, or NULL */
} cluster_heads_file;

/* Whether an open file holds heads. */
bool cluster_heads_there(const cg_file *file);

/* Reads the best head and what features go through before.  Close it on
 * error, too. */
bool cluster_heads_read(cluster_heads_file *h, const cg_file *file,
                        host_failure *f);
void cluster_heads_close(cluster_heads_file *h); /* also a zeroed one */

#endif
