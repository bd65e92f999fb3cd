/* SPDX-License-Identifier: MIT
 *
 * train_launch.h - what the host side of training on CUDA asks of its kernels.
 *
 * Every function queues work on exec->base.stream and returns 0 or a
 * cudaError_t.  The promises of runtime/cuda/launch.h hold: no type of CUDA
 * appears; nothing is allocated or waited for, so calls may be captured in a
 * graph; sums are made in a fixed order without atomics, so that bits depend
 * on the device, the precision and the batch alone.  What changes from one
 * replay of a graph to the next lies in device memory.
 *
 * The forward ops, convolutions by data and filters are those of
 * runtime/cuda/launch.h, called with &exec->base.  Its batch is the number of
 * images of this call, all of which count: a call with fewer than fit sets
 * base.batch to their number, and tensors move together.
 *
 * With a loss scale all gradients, of maps and of parameters, carry it until
 * train_cuda_adam takes it off. */
#ifndef CEDM_TRAINER_CUDA_LAUNCH_H
#define CEDM_TRAINER_CUDA_LAUNCH_H

#include "runtime/cuda/launch.h"
#include "trainer/cuda/train_cuda.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct train_cuda_exec {
    cedm_cuda_exec base;   /* first; model may be NULL; index is [steps] */
    float *data;           /* device [data_elements]: parameters in float */
    unsigned char *packed; /* device: base.weights, writable */
    float *grads;          /* device [trained_elements] */
    float dropout;         /* rate; 0: none */
    uint32_t seed;
    const uint32_t *step;   /* device, one: of the optimiser */
    const uint64_t *images; /* device [batch]: see train_exec */
} train_cuda_exec;

/* Once per device, before anything else and after cedm_cuda_kernels_init. */
int train_cuda_kernels_init(void);

/* ---- training ops ------------------------------------------------------ *
 *
 * As trainer/ops defines them.  Maps are of the precision's type in the
 * activation segment, floats in the other; sums are float at least, and
 * gradients of parameters are floats that are added to.  grad of norm_grad
 * is left as it was.  An op that rounds to 16 bits sets
 * overflow[image] as the runtime's do. */
#define TRAIN_CUDA_OP(name)                                                  \
    int train_cuda_##name(const train_cuda_exec *exec, const cg_##name *op);
CG_TRAINING_OPS(TRAIN_CUDA_OP)
#undef TRAIN_CUDA_OP

/* Bytes of workspace that an op needs for a batch; base.workspace has at
 * least the most of these and CEDM_CUDA_WORKSPACE_BYTES. */
uint64_t train_cuda_workspace(const cg_training_op *op,
                              enum cedm_cuda_precision precision,
                              uint32_t batch);

/* ---- weights ----------------------------------------------------------- *
 *
 * After the parameters changed, in this order: all that is derived, then the
 * parts of all ops of the runtime, as cedm_cuda_pack makes them of `data` in
 * floats, bit for bit.  Where they lie is what cedm_cuda_pack counts; bytes
 * between parts and of padding must have been zeroed once.  Networks with ops
 * that have weights and are not listed are not trained (cg_differentiate). */
#define TRAIN_CUDA_PACKED(X)                                                 \
    X(embed) X(linear) X(norm_coeff) X(conv) X(resample)

int train_cuda_derive(const train_cuda_exec *exec, const cg_derived *derived);

#define TRAIN_CUDA_PACK(name)                                                \
    int train_cuda_pack_##name(const train_cuda_exec *exec,                  \
                               const cedm_##name *op);
TRAIN_CUDA_PACKED(TRAIN_CUDA_PACK)
#undef TRAIN_CUDA_PACK

/* ---- the loss ---------------------------------------------------------- */

/* One micro-batch; arrays are in device memory, maps [batch][elements] in
 * the order of the network's. */
typedef struct train_cuda_batch {
    uint32_t elements; /* of an image */
    const float *images, *noise;
    const train_cuda_scalings *scalings; /* [batch] */
    cedm_ref input, output, output_grad; /* f32 segment */
    double share;     /* of an image in the loss: 1 / images of a step */
    double *loss;     /* [batch]: each image's, without share */
    double *denoised; /* D, or NULL */
} train_cuda_batch;

/* input = (float)(in (image + sigma noise)). */
int train_cuda_load(const train_cuda_exec *exec,
                    const train_cuda_batch *batch);

/* ---- the optimiser ----------------------------------------------------- */

/* loss and, unless output_grad is CEDM_NONE, the gradient of share times the
 * sum of the losses times state->scale; between the ways. */
int train_cuda_loss(const train_cuda_exec *exec,
                    const train_cuda_batch *batch,
                    const train_cuda_state *state);

/* With `dynamic` a gradient that is not finite leaves the update out (the
 * average is updated all the same) and halves the scale, and 2000 good ones
 * in a row double it; the scale stays within 1 .. 2^24.  Without, elements
 * count as 0 or +-1e5, as in adam.h.  Overflow flags of base.batch images
 * decide nothing: they are added up and cleared.  Ranks that share their
 * gradients so come to the same state. */
#define TRAIN_CUDA_GROWTH 2000u
#define TRAIN_CUDA_SCALE_MAX 16777216.0f

typedef struct train_cuda_adam_args {
    uint64_t elements;                   /* a multiple of 4 */
    float *params, *grads, *m, *v, *ema; /* device */
    const train_cuda_rates *rates;       /* device, one */
    uint32_t dynamic;
    train_cuda_state *state;
} train_cuda_adam_args;

/* One update: counts what is not finite, decides, and makes it.  Needs
 * TRAIN_CUDA_ADAM_WORKSPACE bytes of workspace. */
#define TRAIN_CUDA_ADAM_WORKSPACE 65536u
int train_cuda_adam(const train_cuda_exec *exec,
                    const train_cuda_adam_args *args);

#ifdef __cplusplus
}
#endif
#endif
