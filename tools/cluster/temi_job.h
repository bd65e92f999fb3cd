/* SPDX-License-Identifier: MIT
 *
 * temi_job.h - trainings of TEMI on the features that the settings name. */
#ifndef CEDM_TOOLS_CLUSTER_TEMI_JOB_H
#define CEDM_TOOLS_CLUSTER_TEMI_JOB_H

#include "tools/cluster/cluster_files.h"

/* All of this is collective. */
typedef struct cluster_temi_job {
    cluster_session *s;
    cluster_features x;              /* its rows as heads see them */
    float *mean, *deviation, *scale; /* [width] with --standardize, or NULL */
    uint32_t *neighbours;
} cluster_temi_job;

bool cluster_temi_job_open(cluster_temi_job *j, cluster_session *s,
                           host_failure *f);
void cluster_temi_job_close(cluster_temi_job *j); /* also a zeroed one */

/* What the bits of trainings depend on, without clusters and seed; the caller
 * deletes it. */
cJSON *cluster_temi_recipe(const cluster_temi_job *j);

/* Trains t, which it opens.  With a path, the state is kept there now and
 * then, and --resume goes on from it if it is of the same recipe; it is left
 * when the training ends.  An interrupted run keeps it and fails. */
bool cluster_temi_train(cluster_temi_job *j, cluster_temi *t,
                        const cluster_temi_options *options,
                        const char *state_path, const char *recipe,
                        host_failure *f);

/* Ids of all rows by the best teacher, [rows]; t's state is known to all
 * ranks then. */
bool cluster_temi_ids(const cluster_temi_job *j, cluster_temi *t,
                      int32_t *ids, host_failure *f);

#endif
