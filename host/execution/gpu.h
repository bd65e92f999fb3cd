/* SPDX-License-Identifier: MIT
 *
 * gpu.h - a model on one CUDA device: a network that runs there.
 *
 * All memory is taken when it is opened; its sizes are in the config. */
#ifndef CEDM_HOST_EXECUTION_GPU_H
#define CEDM_HOST_EXECUTION_GPU_H

#include <stdio.h>

#include "host/execution/device.h"
#include "host/execution/model.h"

typedef struct host_gpu host_gpu;

struct host_gpu {
    const cedm_cuda_api *api;
    const host_model *model;
    cedm_cuda_device device;
    cedm_cuda_config config; /* precision: the one in use */
    cedm_cuda_net *net;
    cedm_cuda_fault fault;
    host_gpu *guide; /* private */
};

typedef struct host_gpu_config {
    uint32_t index;
    int precision;              /* or HOST_PRECISION_AUTO */
    uint64_t batch;             /* 0: two images for each multiprocessor */
    uint64_t images;            /* no larger batch than that */
    cedm_sampler_params params; /* of a model that denoises */
    host_gpu *guide; /* of autoguidance, on that device, of that batch, to be
                        closed later; or NULL */
} host_gpu_config;

/* The gpu must not be moved. */
bool host_gpu_open(host_gpu *g, const host_cuda_library *l,
                   const host_model *m, const host_gpu_config *config,
                   host_failure *f);
void host_gpu_close(host_gpu *g); /* harmless if zeroed */

/* Whether bf16 may help. */
bool host_gpu_was_fp16(const host_gpu *g, cedm_status status);

/* In the same regions: the sizes are those of fp16.  Whose number did not
 * fit is not known, so a guide changes too. */
cedm_status host_gpu_reopen_in_bf16(host_gpu *g);

/* Describes a status that is not CEDM_OK. */
bool host_gpu_failed(const host_gpu *g, cedm_status status, host_failure *f);

/* One line of the device, its regions and their sizes. */
void host_gpu_print(const host_gpu *g, FILE *stream);

#endif
