/* SPDX-License-Identifier: MIT
 *
 * info_describe.h - what is known of a checkpoint, a blob or a frozen
 * model. */
#ifndef CEDM_TOOLS_INFO_INFO_DESCRIBE_H
#define CEDM_TOOLS_INFO_INFO_DESCRIBE_H

#include <cjson/cJSON.h>

#include "cedm.h"
#include "host/cli/failure.h"

/* What is known of a file, whatever its kind. */
typedef struct info_file {
    const char *kind;
    char name[64], source_sha256[65];
    char network[64];
    bool encodes;
    uint32_t resolution, channels, clusters, features;
    uint32_t height, width; /* of an encoder's images */
    uint32_t dtype;         /* of the blob */
    uint64_t parameters, macs;
    uint64_t blob_bytes, weights_bytes, scratch_bytes, act, f32;
    double *freq; /* [clusters], or NULL */
    int64_t *ids; /* the original ids [clusters], or NULL */
    /* how the clusters were made; made_of 0: not known */
    char method[32], features_sha256[65];
    uint64_t made_of; /* clusters, before unused ones were left out */
    cedm_sampler_params sampler;
} info_file;

/* The end of the path tells what it is: a frozen model (.so), a blob (.cedm)
 * or else a checkpoint.  Free it, also after an error. */
bool info_describe(info_file *i, const char *path, host_failure *f);
void info_free(info_file *i);

/* The part that is in the JSON at the end of a blob.  Members that are
 * missing or of another type count as 0 and "unknown"; lists that do not fit
 * the clusters are left out.  Fails for a sampler that is not understood. */
bool info_describe_json(info_file *i, const cJSON *root, const char *path,
                        host_failure *f);

#endif
