/* SPDX-License-Identifier: MIT
 *
 * device_net.h - what the host files of training on CUDA share: a net, and
 * where its parts lie in the caller's regions.  Handles of CUDA are void *. */
#ifndef CEDM_TRAINER_CUDA_DEVICE_NET_H
#define CEDM_TRAINER_CUDA_DEVICE_NET_H

#include <stdbool.h>

#include "runtime/cuda/cuda_net.h"
#include "trainer/cuda/train_launch.h"

/* A micro-batch, on its way in staging and on the device; features and labels
 * go to the arena. */
typedef struct train_cuda_inputs_places {
    uint64_t images, noise, scalings, cluster, index, step;
    uint64_t features, labels; /* staging only */
} train_cuda_inputs_places;

/* Offsets in bytes.  Each part begins on CEDM_CUDA_ALIGN. */
typedef struct train_cuda_places {
    uint64_t op_index; /* context, after the net */
    /* staging: two of each, that one is filled while the other is read */
    train_cuda_inputs_places in[2];
    uint64_t in_rates[2], in_losses[2];
    uint64_t in_state;
    /* device */
    uint64_t data, grads, m, v, ema, packed, act, f32, workspace;
    train_cuda_inputs_places on;
    uint64_t losses, overflow, rates, state;
} train_cuda_places;

/* E_NULL, E_BATCH, or E_PARAM for an unknown precision. */
cedm_status train_cuda_place(train_cuda_places *places,
                             train_cuda_sizes *sizes,
                             const cg_training *training,
                             const train_cuda_config *config);

/* Elements of an image, of the features of its noise level, of its labels. */
typedef struct train_cuda_widths {
    uint32_t pixels, features, labels;
} train_cuda_widths;

train_cuda_widths train_cuda_widths_of(const cg_training *training);

/* Counts the bytes of all packed parts; index, if not NULL, learns where they
 * begin. */
uint64_t train_cuda_count_parts(const cg_training *training,
                                enum cedm_cuda_precision precision,
                                uint32_t *index);

struct train_cuda_net {
    train_cuda_exec exec;
    train_cuda_config config;
    const cg_training *training;
    train_cuda_places places;
    train_cuda_batch batch;
    train_cuda_adam_args adam;
    void *batch_graph, *update_graph; /* cudaGraphExec_t */
    void *staged[2], *done[2];        /* cudaEvent_t */
    void *ranks;                      /* ncclComm_t; NULL: alone */
    const char *failed;               /* the op that did */
    uint32_t slot;                    /* of the next micro-batch's staging */
    uint32_t evaluation;              /* of the update under way */
    uint32_t side; /* of the update under way: rates, losses, done */
    bool untold;   /* the losses of the update before */
    bool broken;
};

static inline void *train_cuda_memory(const train_cuda_net *net,
                                      uint64_t offset)
{
    return (unsigned char *)net->config.memory + offset;
}

static inline void *train_cuda_staging(const train_cuda_net *net,
                                       uint64_t offset)
{
    return (unsigned char *)net->config.staging + offset;
}

/* ---- calls and copies (arrays.c) ---------------------------------------- */

/* A call on a net: whether it may begin; how it ended. */
cedm_status train_cuda_begin(const train_cuda_net *net);
cedm_status train_cuda_end(train_cuda_net *net, cedm_status status);

/* A list of copies that are queued; the first that fails is the last. */
typedef struct train_cuda_transfer {
    const train_cuda_net *net;
    bool to_host;
    cedm_status status;
} train_cuda_transfer;

void train_cuda_move(train_cuda_transfer *t, void *to, const void *from,
                     uint64_t bytes);

/* Waits for all that is queued. */
cedm_status train_cuda_wait(const train_cuda_transfer *t);

/* ---- what is queued (queue.c) ------------------------------------------- */

/* A gradient of zeros; all that is made of the parameters. */
cedm_status train_cuda_queue_zeros(train_cuda_net *net);
cedm_status train_cuda_queue_derived(train_cuda_net *net);

/* The way forward, without dropout. */
cedm_status train_cuda_queue_forward(train_cuda_net *net);

/* Captures micro-batch and update as graphs, after one run outside of a
 * graph. */
cedm_status train_cuda_capture(train_cuda_net *net);

/* ---- ranks (ranks_nccl.c; ranks_none.c without NCCL) --------------------- */

/* Of a net that joined others: queues the sum of their gradients; waits for
 * an event, and fails where one of them does. */
cedm_status train_cuda_queue_sum(const train_cuda_net *net);
cedm_status train_cuda_wait_ranks(const train_cuda_net *net, void *event);

/* Of any net; sums that are queued are given up. */
void train_cuda_leave(train_cuda_net *net);

#define TRAIN_CUDA_DECLARE(name, parameters)                                 \
    cedm_status train_cuda_##name parameters;
TRAIN_CUDA_API_LIST(TRAIN_CUDA_DECLARE)
#undef TRAIN_CUDA_DECLARE

#endif
