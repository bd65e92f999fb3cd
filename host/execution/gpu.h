/* SPDX-License-Identifier: MIT
 *
 * gpu.h - a model on one CUDA device: a network that runs there.
 *
 * All memory is taken when it is opened; its sizes are in the config. */
#ifndef CEDM_TOOLS_GPU_H
#define CEDM_TOOLS_GPU_H

#include <stdio.h>

#include "host/execution/device.h"
#include "host/execution/model.h"

typedef struct gpu {
    const cedm_cuda_api *api;
    const model *model;
    cedm_cuda_device device;
    cedm_cuda_config config; /* precision: the one in use */
    cedm_cuda_net *net;
    cedm_cuda_fault fault;   /* private, as are the following */
    uint64_t *seeds;         /* of the batch, to draw it again */
    int32_t *clusters;
    uint32_t n;
} gpu;

typedef struct gpu_config {
    uint32_t index;
    int precision;   /* or PRECISION_AUTO */
    uint64_t batch;  /* 0: two images for each multiprocessor */
    uint64_t images; /* no larger batch than that */
    cedm_sampler_params params;
} gpu_config;

/* The gpu must not be moved. */
bool gpu_open(gpu *g, const cuda_library *l, const model *m,
              const gpu_config *config, failure *f);
void gpu_close(gpu *g); /* harmless if zeroed */

/* Queues all steps of a batch and returns; gpu_images waits for it.  A batch
 * that does not fit fp16 is run again in bf16, which stays: *widened. */
bool gpu_start(gpu *g, const uint64_t *seeds, const int32_t *clusters,
               uint32_t n, failure *f);
bool gpu_images(gpu *g, uint8_t *out, bool *widened, failure *f);

/* Describes a status that is not CEDM_OK. */
bool gpu_failed(const gpu *g, cedm_status status, failure *f);

/* One line of the device, its regions and their sizes. */
void gpu_print(const gpu *g, FILE *stream);

#endif
