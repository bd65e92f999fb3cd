/* SPDX-License-Identifier: MIT
 *
 * assigner.h - clusters of new features, by what k-means or TEMI saved: the
 * same as those of the features that it was learnt from, to the last bit.
 *
 *     cluster_assigner a;
 *     good = cluster_assigner_open(&a, file, &f) &&
 *            cluster_assigner_ids(&a, &rows, &workers, ids, &f);
 *     cluster_assigner_close(&a);
 */
#ifndef CEDM_CLUSTER_ASSIGNER_H
#define CEDM_CLUSTER_ASSIGNER_H

#include "cluster/heads_read.h"

typedef struct cluster_assigner {
    uint32_t width;    /* of the features */
    uint32_t clusters; /* ids are below that */
    bool normalize;    /* rows are divided by their lengths first */

    cluster_heads_file heads; /* private: these, or */
    float *centres;           /* [1 + clusters][width]: mean and offsets */
} cluster_assigner;

/* Reads IDS.centres.safetensors or IDS.heads.safetensors of cedm-cluster, or a
 * checkpoint of TEMI; the file may be closed then.  Fails if it holds neither,
 * or numbers that are not finite.  Close it on error, too. */
bool cluster_assigner_open(cluster_assigner *a, const cg_file *file,
                           host_failure *f);
void cluster_assigner_close(cluster_assigner *a); /* also a zeroed one */

/* The cluster of every row, [count].  rows are of that width and finite
 * (cluster_rows_check); with `normalize` they have their factors
 * (cluster_rows_unit); shift and scale are the assigner's to say. */
bool cluster_assigner_ids(const cluster_assigner *a, const cluster_rows *rows,
                          const cluster_workers *w, int32_t *ids,
                          host_failure *f);

#endif
