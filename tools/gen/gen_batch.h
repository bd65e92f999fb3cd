/* SPDX-License-Identifier: MIT
 *
 * gen_batch.h - the images that are drawn at a time: what each is given. */
#ifndef CEDM_TOOLS_GEN_GEN_BATCH_H
#define CEDM_TOOLS_GEN_GEN_BATCH_H

#include "host/execution/runner.h"
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

/* A run of them: pointers into the batch. */
host_runner_batch gen_batch_given(const gen_batch *b);

#endif
