/* SPDX-License-Identifier: MIT
 *
 * autodiff.h - what the files of the autodiff pass share.
 *
 * Refs are indices of tensors and weights indices of params, as in a fused
 * program, until cg_training_place. */
#ifndef CEDM_CODEGEN_GRAD_AUTODIFF_H
#define CEDM_CODEGEN_GRAD_AUTODIFF_H

#include "codegen/ir/graph.h"
#include "codegen/training.h"

typedef struct cg_autodiff {
    cg_graph *graph;
    cg_program *program;
    cg_training *training;
    cg_op *ops; /* the program's, split as their adjoints need it */
    uint32_t op_count;
    cg_tensor *tensors;
    uint32_t tensor_count, tensor_capacity;
    uint32_t step_capacity, derived_capacity;
    cedm_ref *grad;     /* of each tensor, or CEDM_NONE while there is none */
    int *region;        /* of each param in the data; set when placing */
    bool *needs;        /* tensor depends on a parameter */
    uint32_t *layer;    /* dropout layer of each op, or CG_NO_DROPOUT */
    cedm_weight ones;   /* filter [1, 1], or CEDM_NONE until needed */
    cedm_ref augmented; /* features with the augmentation's labels */
    const char *not_trained; /* what has no adjoint, or NULL */
    bool failed;
} cg_autodiff;

/* ---- the tape ---------------------------------------------------------- */

/* A new tensor, of float even with activations of another type if f32. */
cedm_ref cg_new_tensor(cg_autodiff *d, const char *name, uint32_t height,
                       uint32_t width, uint32_t channels, bool f32);

/* The gradient of a tensor as a destination: made when it does not exist,
 * to be set then and else to be added to. */
cedm_ref cg_grad_into(cg_autodiff *d, cedm_ref tensor, uint32_t *accumulate);

/* Appends a step; its id is set. */
void cg_step_op(cg_autodiff *d, cg_op op);
void cg_step_training(cg_autodiff *d, cg_training_op op);

/* The weights with which the adjoint by data reads `from`. */
cedm_weight cg_derive(cg_autodiff *d, const cg_derived *derived);

/* A filter that is none of the checkpoint's: factor times the program's,
 * maybe reversed. */
cedm_weight cg_filter(cg_autodiff *d, cedm_weight filter, double factor,
                      bool reversed);

/* dst = sums of 2x2 pixels of src, a map of twice the size. */
cedm_ref cg_pooled(cg_autodiff *d, cedm_ref src);

/* ---- adjoints ---------------------------------------------------------- */

/* A prologue with a norm, as its reader has it. */
typedef struct cg_norm_source {
    cedm_ref src[2], coeff;
    uint32_t act, layer;
} cg_norm_source;

/* From the gradient of the activated map to those of the sources. */
void cg_adjoint_norm(cg_autodiff *d, const cg_norm_source *source,
                     cedm_ref grad);

/* Appends the adjoint of a forward op, whose result has a gradient. */
void cg_adjoint_augment(cg_autodiff *d, cedm_ref augmented);
void cg_adjoint_embed(cg_autodiff *d, const cedm_embed *op);
void cg_adjoint_linear(cg_autodiff *d, const cedm_linear *op);
void cg_adjoint_attention(cg_autodiff *d, const cedm_attention *op);
void cg_adjoint_conv(cg_autodiff *d, const cedm_conv *op, uint32_t layer);
void cg_adjoint_resample(cg_autodiff *d, const cedm_resample *op);

/* ---- placing ----------------------------------------------------------- */

/* Lives of tensors, one plan, offsets instead of indices. */
bool cg_training_place(cg_autodiff *d, cg_error *error);

#endif
