/* SPDX-License-Identifier: MIT
 *
 * net.h - a network that is being trained: its parameters, their gradient,
 * and the arena in which both ways of a batch run. */
#ifndef CEDM_TRAINER_NET_H
#define CEDM_TRAINER_NET_H

#include "trainer/ops/training_ops.h"

typedef struct train_net_options {
    uint32_t batch;   /* images of one evaluation, at most */
    uint64_t limit;   /* bytes of the arena; 0: any number.  Of batch and its
                       * divisors the largest that fits is taken, or 1. */
    uint32_t workers; /* of parallel_for; 1 without */
    bool dropout;     /* have dropout layers */
    uint32_t isa;     /* enum cedm_isa bits; 0: plain C */
    cedm_parallel_for *parallel_for;
    void *pool;
} train_net_options;

/* Bytes by use, for the report before training. */
typedef struct train_memory {
    uint64_t parameters, gradients, prepared, arena, scratch;
} train_memory;

typedef struct train_net {
    cg_training *training;
    const cedm_backend *backend;
    const train_ops *ops;
    train_exec exec;
    float *data; /* of exec.base, writable */
    train_memory memory;
    unsigned char *block; /* everything lies in it */
} train_net;

/* Images of one evaluation, [n][H][W][C] and [n]. */
typedef struct train_batch {
    uint32_t n;
    const float *images; /* clean */
    const float *noise;  /* unit */
    const double *sigma;
    const int32_t *cluster;
    const float *labels;   /* [n][augment_dim]; NULL: zeros */
    const uint64_t *index; /* seen before each one in the run */
    uint32_t seed, step;   /* of dropout */
    float dropout;
    double share; /* of an image in the loss: 1 / images of a step */
} train_batch;

/* [EDM, table 1], and the weight of an image's loss. */
typedef struct train_scalings {
    double skip, out, in, noise, weight;
} train_scalings;

train_scalings train_scalings_of(double sigma, double data);

/* The checkpoint's parameters and constants, into [data_elements] whose
 * derived part is left as it is. */
void train_params_load(const cg_training *training, float *data);

/* The parameters are the checkpoint's; exec.base.batch is the capacity.
 * NULL on error. */
train_net *train_net_open(const cg_file *checkpoint,
                          const train_net_options *options, cg_error *error);
void train_net_close(train_net *net); /* NULL is allowed */

/* Call after the parameters changed: makes everything that is derived. */
void train_net_refresh(train_net *net);

void train_net_zero_grads(train_net *net);

/* Adds the gradient of share times the sum of the images' losses; returns
 * that sum times share.  The loss of an image is [EDM]'s, summed over its
 * pixels: (sigma^2 + s^2) / (sigma s)^2 (D(y + sigma n; sigma) - y)^2.
 * denoised, if not NULL, gets D as [n][H][W][C]. */
double train_net_gradient(train_net *net, const train_batch *batch,
                          double *denoised);

/* The way forward alone, without dropout and augmentation labels: D of n
 * images x [n][H][W][C] at one noise level. */
void train_net_denoise(train_net *net, uint32_t n, const double *x,
                       double sigma, const int32_t *cluster,
                       double *denoised);

#endif
