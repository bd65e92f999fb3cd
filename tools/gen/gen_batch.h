/* SPDX-License-Identifier: MIT
 *
 * gen_batch.h - the images that are drawn at a time: what each is given, and
 * how a run of them begins. */
#ifndef CEDM_TOOLS_GEN_GEN_BATCH_H
#define CEDM_TOOLS_GEN_GEN_BATCH_H

#include "host/execution/gpu.h"
#include "tools/gen/gen_job.h"

typedef struct gen_batch {
    const gen_job *job;
    uint32_t n;
    uint64_t *seeds; /* [batch], as are the following */
    int32_t *clusters;
    uint64_t *goal_seeds; /* of gen_way */
    int32_t *goal_clusters;
    double *shares;
    uint8_t *images;      /* drawn: [batch][H][W][channels] */
    uint8_t *init, *mask; /* NULL without conditions.init, .mask */
} gen_batch;

bool gen_batch_open(gen_batch *b, const gen_job *j, uint32_t batch,
                    host_failure *f);
void gen_batch_close(gen_batch *b); /* harmless if zeroed */

/* Makes it images first .. first + n - 1 of the job. */
void gen_batch_fill(gen_batch *b, uint64_t first, uint32_t n);

/* A run of them on a GPU: pointers into the batch. */
host_gpu_batch gen_batch_for_gpu(const gen_batch *b);

/* Begins a run of them on a CPU; guide may be NULL. */
cedm_status gen_batch_begin(const gen_batch *b, cedm_sampler *sampler,
                            cedm_net *net, cedm_net *guide);

#endif
