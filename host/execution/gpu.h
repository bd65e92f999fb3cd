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

typedef struct host_gpu {
    const cedm_cuda_api *api;
    const host_model *model;
    cedm_cuda_device device;
    cedm_cuda_config config; /* precision: the one in use */
    cedm_cuda_net *net;
    cedm_cuda_fault fault; /* private, as are the following */
    uint64_t *seeds;       /* of the batch, to draw it again */
    int32_t *clusters;
    uint32_t n;
} host_gpu;

typedef struct host_gpu_config {
    uint32_t index;
    int precision;              /* or HOST_PRECISION_AUTO */
    uint64_t batch;             /* 0: two images for each multiprocessor */
    uint64_t images;            /* no larger batch than that */
    cedm_sampler_params params; /* of a model that denoises */
} host_gpu_config;

/* The gpu must not be moved. */
bool host_gpu_open(host_gpu *g, const host_cuda_library *l,
                   const host_model *m, const host_gpu_config *config,
                   host_failure *f);
void host_gpu_close(host_gpu *g); /* harmless if zeroed */

/* Queues all steps of a batch and returns; host_gpu_images waits for it.  A
 * batch that does not fit fp16 is run again in bf16, which stays: *widened. */
bool host_gpu_start(host_gpu *g, const uint64_t *seeds,
                    const int32_t *clusters, uint32_t n, host_failure *f);
bool host_gpu_images(host_gpu *g, uint8_t *out, bool *widened,
                     host_failure *f);

/* As cedm_encode, of at most a batch; waits.  A batch that does not fit fp16
 * is encoded in bf16, which stays: *widened. */
bool host_gpu_encode(host_gpu *g, const uint8_t *images, uint32_t n,
                     float *out, bool *widened, host_failure *f);

/* Describes a status that is not CEDM_OK. */
bool host_gpu_failed(const host_gpu *g, cedm_status status, host_failure *f);

/* One line of the device, its regions and their sizes. */
void host_gpu_print(const host_gpu *g, FILE *stream);

#endif
