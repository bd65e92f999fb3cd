/* SPDX-License-Identifier: MIT
 *
 * learner.h - what learns: parameters with their gradient, optimiser and
 * average, on the CPU (learner_cpu.c) or on a GPU (learner_cuda.c).
 *
 * A GPU's work is queued: results are there after settle, arrays after pull.
 * An error is final: the learner can only be closed. */
#ifndef CEDM_TRAINER_LEARNER_H
#define CEDM_TRAINER_LEARNER_H

#include "trainer/adam.h"
#include "host/cli/failure.h"
#include "trainer/net.h"

/* Arrays of [trained_elements] in the layout of the parameters. */
typedef enum train_learner_set {
    TRAIN_LEARNER_PARAMS, /* [data_elements]: see cg_training */
    TRAIN_LEARNER_M,
    TRAIN_LEARNER_V,
    TRAIN_LEARNER_EMA,
    TRAIN_LEARNER_SETS
} train_learner_set;

/* What goes on with a run, beside the arrays. */
typedef struct train_learner_counts {
    uint64_t updates; /* made, as Adam counts them */
    uint64_t skipped; /* left out: a gradient was not finite in 16 bits */
    uint32_t good;    /* made since the scale changed */
    float scale;      /* of the loss; 1: none */
    /* Elements of gradients that were not finite.  The learner counts up;
     * the caller sets it to 0 after reporting. */
    uint64_t not_finite;
} train_learner_counts;

/* A line of the report before training. */
typedef struct train_learner_memory {
    const char *what;
    uint64_t bytes;
    bool device; /* memory of the GPU */
} train_learner_memory;

#define TRAIN_LEARNER_MEMORY_MAX 10u

#define TRAIN_LEARNER_UUID 16u
#define TRAIN_LEARNER_INVITATION 128u

typedef struct train_learner train_learner;

typedef struct train_learner_kind {
    /* Adds the gradient of a batch of learner.batch images. */
    bool (*gradient)(train_learner *l, const train_batch *batch,
                     host_failure *f);

    /* Adds up the ranks' gradients, makes the update, zeroes them. */
    bool (*update)(train_learner *l, const train_adam_update *update,
                   host_failure *f);

    /* Waits until everything is done, which completes loss and counts. */
    bool (*settle)(train_learner *l, host_failure *f);

    /* pull brings the arrays up to date; push takes over what the caller
     * made of arrays and counts.  Both after settle. */
    bool (*pull)(train_learner *l, host_failure *f);
    bool (*push)(train_learner *l, host_failure *f);

    /* D of n <= batch images x [n][H][W][C] at one noise level, without
     * dropout and augmentation labels.  After settle. */
    bool (*denoise)(train_learner *l, uint32_t n, const double *x,
                    double sigma, const int32_t *cluster, double *denoised,
                    host_failure *f);

    /* Ranks that have a GPU each can join, and add up gradients there.  The
     * three are NULL on a CPU.
     * peer says which GPU is this rank's; false if it cannot join. */
    bool (*peer)(const train_learner *l,
                 unsigned char uuid[TRAIN_LEARNER_UUID]);
    /* invite makes, on one rank, what all will join by. */
    bool (*invite)(train_learner *l,
                   unsigned char by[TRAIN_LEARNER_INVITATION],
                   host_failure *f);
    /* join is called by all ranks at once and waits for all of them. */
    bool (*join)(train_learner *l,
                 const unsigned char by[TRAIN_LEARNER_INVITATION],
                 host_failure *f);

    void (*close)(train_learner *l);
} train_learner_kind;

struct train_learner {
    const train_learner_kind *kind;
    const cg_training *training;
    uint32_t batch; /* images of an evaluation */
    float *sets[TRAIN_LEARNER_SETS];
    train_learner_counts counts;
    /* The sum of share times loss over the images of whole updates: of
     * those that became known in the last call of update or settle. */
    double loss;
    train_learner_memory memory[TRAIN_LEARNER_MEMORY_MAX];
    uint32_t memory_count;
};

/* The average begins as the parameters, which are the checkpoint's.  NULL on
 * error. */
train_learner *train_learner_cpu_open(const cg_file *checkpoint,
                                      const train_net_options *options,
                                      host_failure *f);

#endif
