/* SPDX-License-Identifier: MIT
 *
 * training_ops.h - what the training ops of a CPU share.
 *
 * This folder has one function train_op_<name> for every op of
 * CG_TRAINING_OPS, its plain C meaning, and train_size_<name>, the scratch
 * that it needs.  trainer/cpu replaces those that training spends its time
 * in.  Sums over a batch go over its images in order, so bits depend neither
 * on threads nor on which of them made what. */
#ifndef CEDM_TRAINER_TRAINING_OPS_H
#define CEDM_TRAINER_TRAINING_OPS_H

#include "runtime/ops/ops.h"
#include "codegen/training.h"

typedef struct train_exec {
    cedm_exec base; /* first: tasks are given a pointer to it */
    float *grads;   /* [trained_elements], in the parameters' layout */
    float dropout;  /* rate; 0: none */
    uint32_t seed, step;
    const uint64_t *images; /* [n]: seen before each one in the run; not
                             * read without dropout */
} train_exec;

typedef struct train_ops {
#define TRAIN_MEMBER(name) void (*name)(train_exec *, const cg_##name *);
    CG_TRAINING_OPS(TRAIN_MEMBER)
#undef TRAIN_MEMBER
} train_ops;

typedef struct train_sizes {
#define TRAIN_MEMBER(name) void (*name)(cedm_sizes *, const cg_##name *);
    CG_TRAINING_OPS(TRAIN_MEMBER)
#undef TRAIN_MEMBER
} train_sizes;

#define TRAIN_DECLARE(name)                                                  \
    void train_op_##name(train_exec *exec, const cg_##name *op);             \
    void train_size_##name(cedm_sizes *sizes, const cg_##name *op);
CG_TRAINING_OPS(TRAIN_DECLARE)
#undef TRAIN_DECLARE

/* The plain ops, and the scratch of all versions. */
extern const train_ops train_plain;
extern const train_sizes train_sizes_all;

/* Whether this call of a layer drops anything. */
static inline bool train_drops(const train_exec *exec, uint32_t layer)
{
    return layer != CG_NO_DROPOUT && exec->dropout > 0.0f;
}

/* What a dropout layer that drops multiplies elements first .. first + count
 * - 1 of image `index` of the call by. */
void train_dropout(const train_exec *exec, uint32_t layer, uint32_t index,
                   uint32_t first, uint32_t count, float *factor);

/* An image's maps in norm_grad and, in the worker's scratch, a value of each
 * channel. */
typedef struct train_norm_image {
    const float *a, *b, *src[2];
    float *grad, *dst[2];   /* dst is NULL where nobody wants it */
    float *inverse, *shift; /* xhat = x inverse - shift */
    float *k1, *k0;         /* dx = a du + k1 x + k0 */
    float *factor;          /* room for those of dropout */
    double *p0, *p1;        /* sum du, sum du xhat */
} train_norm_image;

/* All but k1 and k0, the sums at 0. */
void train_norm_open(train_norm_image *v, const cedm_exec *exec,
                     const cg_norm_grad *op, uint32_t image, uint32_t worker);

/* From the sums: writes the image's parts of the parameters' gradients, and
 * k1, k0. */
void train_norm_finish(train_norm_image *v, const cedm_exec *exec,
                       const cg_norm_grad *op, uint32_t image);

/* Adds up the images' parts. */
void train_norm_params(train_exec *exec, const cg_norm_grad *op);

#endif
