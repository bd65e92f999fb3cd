/* SPDX-License-Identifier: MIT
 *
 * cluster_files.h - the files of cedm-cluster: features, ids, centres. */
#ifndef CEDM_TOOLS_CLUSTER_FILES_H
#define CEDM_TOOLS_CLUSTER_FILES_H

#include "host/files/arrays_write.h"
#include "host/files/npy_read.h"
#include "tools/cluster/cluster_run.h"

/* Features of a file, mapped if they are 32-bit floats, else converted. */
typedef struct cluster_features {
    const char *path;
    cluster_rows rows;
    char sha256[65]; /* of the file */
    host_npy npy;
    float *copy;   /* NULL: the rows lie in the file */
    float *factor; /* for rows of length 1, or NULL */
} cluster_features;

/* Opens the features that the settings name, checks that all are usable
 * numbers, and normalises rows if that was asked for (as `normalize` says).
 * Collective. */
bool cluster_features_open(cluster_features *x, const cluster_session *s,
                           bool normalize, host_failure *f);
void cluster_features_close(cluster_features *x); /* also a zeroed one */

/* A matrix of floats, rows by columns, of an .npy file; to be freed. */
float *cluster_matrix_read(const char *path, uint64_t rows, uint64_t columns,
                           host_failure *f);

/* Whole numbers of an .npy file of one axis, each 0..2^31-1: their number,
 * and [count], to be freed. */
int32_t *cluster_ids_read(const char *path, uint64_t *count, host_failure *f);

/* PATH without the suffix .npy and with another one; to be freed. */
char *cluster_path_beside(const char *path, const char *suffix,
                          host_failure *f);

/* ids as int32, and beside them IDS.json: `about`, to which the features'
 * path, hash, and the use of the clusters are added. */
bool cluster_ids_write(cluster_session *s, const cluster_features *x,
                       const int32_t *ids, uint32_t clusters, cJSON *about,
                       host_failure *f);

/* A JSON object as text of one line; to be freed. */
char *cluster_json_text(const cJSON *object, host_failure *f);

/* A number of the metadata of a state, or of an object in it. */
bool cluster_json_u64(const cJSON *object, const char *name, uint64_t most,
                      uint64_t *out);

#endif
