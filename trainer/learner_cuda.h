/* SPDX-License-Identifier: MIT
 *
 * learner_cuda.h - what a learner on a GPU is made from. */
#ifndef CEDM_TRAINER_LEARNER_CUDA_H
#define CEDM_TRAINER_LEARNER_CUDA_H

#include "host/execution/device.h"
#include "trainer/learner.h"

/* Has cedm_cuda_entry and train_cuda_entry. */
#define TRAIN_LEARNER_CUDA_FILE "libcedm_cuda_train.so"

/* The loss scale that fp16 begins with. */
#define TRAIN_LEARNER_FIRST_SCALE 65536.0f

typedef struct train_learner_cuda_options {
    const host_cuda_library *library; /* open; outlives the learner */
    uint32_t device;
    enum cedm_cuda_precision precision;
    uint32_t images; /* of an update, of this rank */
    uint32_t batch;  /* of them at a time, a divisor; smaller ones are taken
                      * until half of the device's memory is enough */
    bool fixed;      /* no smaller one */
    double share;    /* of an image in the loss */
    float dropout;
    uint32_t seed;
} train_learner_cuda_options;

/* See train_learner_cpu_open. */
train_learner *
train_learner_cuda_open(const cg_file *checkpoint,
                        const train_learner_cuda_options *options,
                        host_failure *f);

#endif
