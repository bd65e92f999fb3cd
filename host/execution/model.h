/* SPDX-License-Identifier: MIT
 *
 * model.h - a frozen model in memory: its code, its blob, its description.
 *
 * A model on disk is DIR/M.so (code) beside DIR/M.cedm (weights). */
#ifndef CEDM_HOST_EXECUTION_MODEL_H
#define CEDM_HOST_EXECUTION_MODEL_H

#include <cjson/cJSON.h>

#include "cedm.h"
#include "host/files/map.h"
#include "host/execution/sampler_params.h"

typedef struct host_model {
    const cedm_model *code;
    cedm_blob blob; /* bound */
    size_t blob_bytes;
    const char *label;           /* what messages call it */
    cJSON *description;          /* the blob's trailer */
    double *freq;                /* images per cluster [label_dim], or NULL */
    const char *data_sha256;     /* of the blob's tensors */
    cedm_sampler_params sampler; /* that it was frozen with */

    void *library; /* private: what host_model_close releases */
    cg_map map;
    char *blob_path;
} host_model;

/* DIR/M.so and the DIR/M.cedm beside it; either of them names both. */
bool host_model_load(host_model *m, const char *path, host_failure *f);

/* A model that is linked in. */
bool host_model_adopt(host_model *m, const cedm_model *code, const void *blob,
                      size_t blob_bytes, host_failure *f);

/* Whether it encodes, or else denoises, as is wanted; a line otherwise. */
bool host_model_is(const host_model *m, bool encoder, host_failure *f);

/* Harmless on a model that was not opened, if zeroed. */
void host_model_close(host_model *m);

/* The checkpoint's module that op `id` belongs to, and what kind of op it is
 * ("conv"); NULL if the description lacks it. */
const char *host_model_op_module(const host_model *m, uint32_t id);
const char *host_model_op_kind(const host_model *m, uint32_t id);

#endif
