/* SPDX-License-Identifier: MIT
 *
 * runner.h - a network that runs, on the CPU or on a GPU: what either can do is
 * a row of functions, and --device chooses the row.
 *
 *     host_runners all;
 *     if (host_runners_open(&all, &model, &choice, rank, &config, &f)) {
 *         host_runner *r = &all.runner[0];
 *         ... r->kind->encode(r, images, n, out) ...
 *     }
 *     host_runners_close(&all);
 *
 * A build without CUDA has both rows: opening the second says what is missing.
 */
#ifndef CEDM_HOST_EXECUTION_RUNNER_H
#define CEDM_HOST_EXECUTION_RUNNER_H

#include "host/execution/engine.h"
#include "host/execution/gpu.h"

typedef struct host_runner_config {
    const char *isa;            /* of the CPU, as in host_engine_config */
    uint32_t threads;           /* likewise */
    int precision;              /* of a GPU, or HOST_PRECISION_AUTO */
    uint64_t batch;             /* 0: what suits the device */
    uint64_t images;            /* of the work, which devices share: no batch
                                 * is larger than a share; at least 1 */
    cedm_sampler_params params; /* of a model that denoises */
    /* Of autoguidance: open, as many, of that batch, to be closed later; or
     * NULL. */
    const struct host_runners *guides;
} host_runner_config;

typedef struct host_runner host_runner;

/* What a batch of images is drawn from: the arguments of begin, mix, from and
 * mask.  A call whose first argument is NULL is left out. */
typedef struct host_runner_batch {
    uint32_t n;
    const uint64_t *seeds;
    const int32_t *clusters;
    const uint64_t *goal_seeds;
    const int32_t *goal_clusters;
    const double *shares;
    const uint8_t *init;
    const uint8_t *known, *mask;
    uint32_t rounds;
    /* Called after a step that was queued, the number of steps done; NULL: not.
     * Other than CEDM_OK ends the run. */
    cedm_status (*watch)(void *arg, host_runner *r, uint32_t done);
    void *arg;
} host_runner_batch;

/* Functions that return a status do what those of cedm.h do, with the
 * parameters and the guide of the config.  A GPU's step is queued: state,
 * images and preview wait. */
typedef struct host_runner_kind {
    /* Takes all memory, or none on error; `index` is the GPU's. */
    bool (*open)(host_runner *r, const host_cuda_library *l, uint32_t index,
                 const host_runner_config *config, host_failure *f);
    void (*close)(host_runner *r);

    enum cedm_cuda_precision (*precision)(const host_runner *r);

    /* One line of the device, its regions and their sizes. */
    void (*print)(const host_runner *r, FILE *stream);

    /* Describes a status that is not CEDM_OK; `what` it was about. */
    bool (*failed)(const host_runner *r, const char *what, cedm_status status,
                   host_failure *f);

    cedm_status (*denoise)(host_runner *r, const double *x,
                           const double *sigma, const int32_t *clusters,
                           uint32_t n, double *out);
    cedm_status (*encode)(host_runner *r, const uint8_t *images, uint32_t n,
                          float *out);
    cedm_status (*begin)(host_runner *r, const uint64_t *seeds,
                         const int32_t *clusters, uint32_t n);
    cedm_status (*mix)(host_runner *r, const uint64_t *seeds,
                       const int32_t *clusters, const double *shares);
    cedm_status (*from)(host_runner *r, const uint8_t *images);
    cedm_status (*mask)(host_runner *r, const uint8_t *images,
                        const uint8_t *mask, uint32_t rounds);
    cedm_status (*step)(host_runner *r);
    cedm_status (*state)(host_runner *r, double *out); /* [n][H][W][C] */
    cedm_status (*preview)(host_runner *r, uint8_t *out);
    cedm_status (*images)(host_runner *r, uint8_t *out);
} host_runner_kind;

extern const host_runner_kind host_runner_cpu, host_runner_cuda;

struct host_runner {
    const host_runner_kind *kind;
    const host_model *model;
    host_runner *guide; /* or NULL */
    cedm_sampler_params params;
    char isa[16];            /* "avx2", "sm_90" */
    uint32_t batch, threads; /* no threads: of a GPU */
    uint64_t weights_bytes, arena_bytes;

    host_engine cpu;         /* open if kind is host_runner_cpu, */
    cedm_sampler sampler;    /* its run; */
    host_gpu gpu;            /* open if kind is host_runner_cuda, */
    host_runner_batch queue; /* what it draws */
};

/* Begins a run of a batch, whose arrays are kept until it has ended. */
cedm_status host_runner_begin(host_runner *r, const host_runner_batch *batch);

/* Of a GPU: queues all steps of a batch and returns; fetching waits for it.  A
 * batch that does not fit fp16 is run again in bf16, which stays: *widened. */
bool host_runner_queue(host_runner *r, const host_runner_batch *batch,
                       host_failure *f);
bool host_runner_fetch(host_runner *r, uint8_t *out, bool *widened,
                       host_failure *f);

/* One on the CPU, or one on each of the GPUs that were named. */
typedef struct host_runners {
    host_device_choice choice; /* what auto became */
    uint32_t count;
    host_runner *runner; /* [count] */

    host_cuda_library library; /* private */
} host_runners;

/* The batch that a CPU has by default: more only cost memory. */
#define HOST_RUNNER_CPU_BATCH 16u

/* Opens what `choice` says for rank `rank` of this machine.  auto is the CPU
 * where an instruction set was named.  All have the batch of the first. */
bool host_runners_open(host_runners *all, const host_model *m,
                       const host_device_choice *choice, uint32_t rank,
                       const host_runner_config *config, host_failure *f);
void host_runners_close(host_runners *all); /* harmless if zeroed */

#endif
