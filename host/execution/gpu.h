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

/* What a batch of images is drawn from: the arguments of begin, mix, from and
 * mask (cedm_cuda.h).  A call whose first argument is NULL is left out. */
typedef struct host_gpu_batch {
    uint32_t n;
    const uint64_t *seeds;
    const int32_t *clusters;
    const uint64_t *goal_seeds;
    const int32_t *goal_clusters;
    const double *shares;
    const uint8_t *init;
    const uint8_t *known, *mask;
    uint32_t rounds;
    /* Called after a step, the number of steps done; NULL: not.  Other than
     * CEDM_OK ends the run. */
    cedm_status (*watch)(void *arg, const host_gpu *g, uint32_t done);
    void *arg;
} host_gpu_batch;

struct host_gpu {
    const cedm_cuda_api *api;
    const host_model *model;
    cedm_cuda_device device;
    cedm_cuda_config config; /* precision: the one in use */
    cedm_cuda_net *net;
    uint32_t n;            /* images of the batch under way */
    cedm_cuda_fault fault; /* private, as are the following */
    host_gpu *guide;
    host_gpu_batch batch; /* to draw it again */
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

/* Queues all steps of a batch and returns; host_gpu_images waits for it, and
 * until then the batch's arrays are to be kept.  A batch that does not fit
 * fp16 is run again in bf16, which stays: *widened. */
bool host_gpu_start(host_gpu *g, const host_gpu_batch *batch,
                    host_failure *f);
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
