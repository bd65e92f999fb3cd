/* SPDX-License-Identifier: MIT
 *
 * source_json.h - which images and cluster ids a run learns from. */
#ifndef CEDM_TRAINER_SOURCE_JSON_H
#define CEDM_TRAINER_SOURCE_JSON_H

#include "host/files/clusters.h"
#include "host/files/dataset.h"

/* {"images":N,"resolution":R,"channels":C,"pixels":H,"ids":H}: two runs learn
 * from the same data if the texts are the same.  H is the SHA-256 of all pixels
 * in the order of the images, and of their ids as int64, "none" without
 * clusters.  To be freed; NULL if there is no memory.  Costs one pass over the
 * pixels. */
char *train_data_json(const host_dataset *data,
                      const host_clusters *clusters);

#endif
