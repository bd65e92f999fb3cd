/* SPDX-License-Identifier: MIT
 *
 * train_cuda.h - training on an NVIDIA GPU: libcedm_cuda_train, which has all
 * of libcedm_cuda (cedm_cuda.h) and, behind train_cuda_entry, a net that
 * learns.  cedm-train opens it while it runs.
 *
 * The caller gives three regions, whose sizes `measure` tells; after `open`
 * nothing is allocated.  Work is queued on a stream of the net's own, a
 * micro-batch and an update as one graph each.  All calls come from the
 * thread that opened the net, whose device they leave current.  After a
 * failed call a net can only be closed.
 *
 * Nets of several processes that joined each other, each with a device of its
 * own, add up their gradients on them; NCCL allocates memory for that.
 *
 * Sums are made in a fixed order: bits depend on the device's architecture,
 * the precision and the batch, never on when something ran. */
#ifndef CEDM_TRAINER_TRAIN_CUDA_H
#define CEDM_TRAINER_TRAIN_CUDA_H

#include "cedm_cuda.h"
#include "codegen/training.h"

#ifdef __cplusplus
extern "C" {
#endif

/* [EDM, table 1], of one image; made by the host in double. */
typedef struct train_cuda_scalings {
    double sigma;
    double in, skip, out;
    double weight; /* of the loss */
} train_cuda_scalings;

/* What one update takes; see train_adam_update. */
typedef struct train_cuda_rates {
    double lr, ema_beta;
} train_cuda_rates;

/* Device memory, one; the host sets `scale` (a power of two; 1: none) and
 * zeros, and reads it when it likes. */
typedef struct train_cuda_state {
    float scale;        /* of the loss in the next way back */
    uint32_t good;      /* updates since the scale changed */
    uint64_t updates;   /* done, as Adam counts them */
    uint64_t skipped;   /* left out because of the scale */
    uint64_t nonfinite; /* elements of the last gradient that were not
                           finite, all times added up */
    uint32_t overflow;  /* images whose flags were set, so too (what is not
                           finite in 16 bits ends in a gradient) */
    uint32_t skip;      /* the update under way is left out */
    float step, inverse, unscale, ema; /* of the update under way */
} train_cuda_state;

/* ---- a net -------------------------------------------------------------- */

typedef struct train_cuda_sizes {
    uint64_t context, staging; /* host; the second one pinned */
    uint64_t device;           /* all of the following */
    uint64_t parameters, gradients, optimiser, packed, arena, workspace,
        inputs;
} train_cuda_sizes;

typedef struct train_cuda_config {
    uint32_t device;
    enum cedm_cuda_precision precision;
    uint32_t batch;       /* images of a micro-batch */
    uint32_t evaluations; /* micro-batches of an update */
    double share;         /* of an image in the loss */
    float dropout;
    uint32_t seed;                    /* of dropout */
    void *context, *staging, *memory; /* memory: on the device */
    train_cuda_sizes sizes;           /* of these, at least as measured */
    cedm_cuda_fault *fault;           /* told of CEDM_E_CUDA */
} train_cuda_config;

/* A micro-batch in host memory, [batch] of each; see train_batch. */
typedef struct train_cuda_inputs {
    const float *images, *noise; /* [H][W][C] */
    const train_cuda_scalings *scalings;
    const float *features; /* of the noise levels */
    const float *labels;   /* [augment_dim]; NULL: zeros */
    const int32_t *cluster;
    const uint64_t *index;
    uint32_t step;
} train_cuda_inputs;

/* Host memory; all but data are [trained_elements]. */
typedef struct train_cuda_arrays {
    float *data; /* [data_elements]; the derived part is not looked at */
    float *m, *v, *ema;
} train_cuda_arrays;

typedef struct train_cuda_net train_cuda_net;

/* Bytes of a device's UUID, and of what ranks join each other by. */
#define TRAIN_CUDA_UUID 16u
#define TRAIN_CUDA_INVITATION 128u

/* Every function is behind the table and returns a cedm_status; X(name,
 * parameters).
 *
 * measure   Looks at device, precision, batch and evaluations.
 * open      Loads the kernels and captures the graphs.  The program must
 *           outlive the net.
 * put, get  Parameters, moments and average; they wait.  put comes before
 *           anything else, zeroes the gradient and sets the state.
 * peer      The UUID of a device; E_DEVICE where there is no NCCL.
 * invite    Makes what ranks join by, on one of them.
 * join      All ranks at once, before an update.
 * gradient  Queues a micro-batch, whose memory is free again on return.
 * update    Queues the update, before it the sum of the gradients of ranks
 *           that joined.  *loss becomes the sum of the images' losses of the
 *           update before, without share; 0 if it was told already.
 * settle    Waits for all; *loss is what is not told yet.
 * get_grads, put_grads  The gradient before an update; they wait.
 * denoise   The network's output, without dropout, of what it is to read,
 *           [batch][H][W][C]; waits. */
/* clang-format off */
#define TRAIN_CUDA_API_LIST(X)                                               \
    X(measure, (const cg_training *training,                                 \
                const train_cuda_config *config, train_cuda_sizes *sizes))   \
    X(open, (train_cuda_net **net, const cg_training *training,              \
             const train_cuda_config *config))                               \
    X(close, (train_cuda_net *net))                                          \
    X(put, (train_cuda_net *net, const train_cuda_arrays *arrays,            \
            const train_cuda_state *state))                                  \
    X(get, (train_cuda_net *net, const train_cuda_arrays *arrays))           \
    X(peer, (uint32_t device, unsigned char *uuid))                          \
    X(invite, (train_cuda_net *net, unsigned char *invitation))              \
    X(join, (train_cuda_net *net, const unsigned char *invitation,           \
             uint32_t rank, uint32_t size))                                  \
    X(gradient, (train_cuda_net *net, const train_cuda_inputs *inputs))      \
    X(get_grads, (train_cuda_net *net, float *grads))                        \
    X(put_grads, (train_cuda_net *net, const float *grads))                  \
    X(update, (train_cuda_net *net, const train_cuda_rates *rates,           \
               double *loss))                                                \
    X(settle, (train_cuda_net *net, double *loss, train_cuda_state *state))  \
    X(denoise, (train_cuda_net *net, const float *input,                     \
                const float *features, const int32_t *cluster,               \
                float *output))
/* clang-format on */

typedef struct train_cuda_api {
    uint32_t abi;  /* TRAIN_CUDA_ABI */
    uint32_t size; /* sizeof(train_cuda_api) */
#define TRAIN_CUDA_POINTER(name, parameters) cedm_status(*name) parameters;
    TRAIN_CUDA_API_LIST(TRAIN_CUDA_POINTER)
#undef TRAIN_CUDA_POINTER
} train_cuda_api;

#define TRAIN_CUDA_ABI 1u

typedef const train_cuda_api *train_cuda_entry_fn(void);

#ifdef __GNUC__
__attribute__((visibility("default")))
#endif
const train_cuda_api *
train_cuda_entry(void);

#ifdef __cplusplus
}
#endif
#endif
