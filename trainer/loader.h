/* SPDX-License-Identifier: MIT
 *
 * loader.h - the images of a step with all that is drawn for them.
 *
 * Everything is a function of (seed, step, number of the image in the run):
 * image number g of a run is image order(epoch, g mod N) of the dataset. */
#ifndef CEDM_TRAINER_LOADER_H
#define CEDM_TRAINER_LOADER_H

#include "host/files/clusters.h"
#include "host/files/dataset.h"
#include "trainer/net.h"

typedef struct train_source {
    const host_dataset *data;
    const host_clusters *clusters;
    uint32_t seed;
    bool xflip;      /* mirrored images double the dataset */
    double augment;  /* probability; 0: no labels either */
    double p_uncond; /* of dropping the cluster */
    cedm_parallel_for *parallel_for;
    void *pool;
    uint32_t workers;
} train_source;

typedef struct train_loader {
    uint32_t capacity;
    float *images, *noise, *labels, *scratch;
    size_t scratch_stride; /* floats of a worker */
    double *sigma;
    int32_t *cluster;
    uint64_t *index;
} train_loader;

bool train_loader_open(train_loader *b, const train_source *source,
                       uint32_t capacity, host_failure *f);
void train_loader_close(train_loader *b); /* harmless on a zeroed one */

/* Images first .. first + n - 1 of the run, for update `step`; the result
 * points into b and has no share yet. */
train_batch train_loader_fill(train_loader *b, const train_source *source,
                              uint64_t first, uint32_t n, uint32_t step);

#endif
