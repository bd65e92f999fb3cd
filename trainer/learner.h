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
typedef enum learner_set {
    LEARNER_PARAMS, /* [data_elements]: see cg_training */
    LEARNER_M,
    LEARNER_V,
    LEARNER_EMA,
    LEARNER_SETS
} learner_set;

/* What goes on with a run, beside the arrays. */
typedef struct learner_counts {
    uint64_t updates; /* made, as Adam counts them */
    uint64_t skipped; /* left out: a gradient was not finite in 16 bits */
    uint32_t good;    /* made since the scale changed */
    float scale;      /* of the loss; 1: none */
    /* elements of gradients that were not finite; the caller's to zero */
    uint64_t not_finite;
} learner_counts;

/* A line of the report before training. */
typedef struct learner_memory {
    const char *what;
    uint64_t bytes;
    bool device; /* memory of the GPU */
} learner_memory;

#define LEARNER_MEMORY_MAX 10u

#define LEARNER_UUID 16u
#define LEARNER_INVITATION 128u

typedef struct learner learner;

typedef struct learner_kind {
    /* Adds the gradient of a batch of learner.batch images. */
    bool (*gradient)(learner *l, const train_batch *batch, failure *f);

    /* Adds up the ranks' gradients, makes the update, zeroes them. */
    bool (*update)(learner *l, const adam_update *update, failure *f);

    /* Waits until everything is done, which completes loss and counts. */
    bool (*settle)(learner *l, failure *f);

    /* Makes the arrays current, or takes over what the caller made of arrays
     * and counts.  Both after settle. */
    bool (*pull)(learner *l, failure *f);
    bool (*push)(learner *l, failure *f);

    /* D of n <= batch images x [n][H][W][C] at one noise level, without
     * dropout and augmentation labels.  After settle. */
    bool (*denoise)(learner *l, uint32_t n, const double *x, double sigma,
                    const int32_t *cluster, double *denoised, failure *f);

    /* Ranks with a GPU each can join to add up gradients there: says which
     * GPU is this rank's, false if it cannot; makes what they join by; all
     * do it at once.  NULL on a CPU. */
    bool (*peer)(const learner *l, unsigned char uuid[LEARNER_UUID]);
    bool (*invite)(learner *l, unsigned char by[LEARNER_INVITATION],
                   failure *f);
    bool (*join)(learner *l, const unsigned char by[LEARNER_INVITATION],
                 failure *f);

    void (*close)(learner *l);
} learner_kind;

struct learner {
    const learner_kind *kind;
    const cg_training *training;
    uint32_t batch; /* images of an evaluation */
    float *sets[LEARNER_SETS];
    learner_counts counts;
    double loss; /* share times losses, as far as they became known in the
                  * last call of update or settle: of whole updates */
    learner_memory memory[LEARNER_MEMORY_MAX];
    uint32_t memory_count;
};

/* The average begins as the parameters, which are the checkpoint's.  NULL on
 * error. */
learner *learner_cpu_open(const cg_file *checkpoint,
                          const train_net_options *options, failure *f);

#endif
