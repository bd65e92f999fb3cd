/* SPDX-License-Identifier: MIT
 *
 * training.h - a network with its gradient: what the trainer sees of
 * libcedmgen.a, beside codegen.h.
 *
 * cg_build_training fuses a checkpoint's network like cg_build, then appends
 * to the ops their adjoints, in reverse order.  Most adjoints are ops of the
 * runtime with weights derived from the parameters (a convolution by data is
 * a convolution with turned weights, the adjoint of a filter is a filter);
 * the others are the training ops below.  All tensors, of values and of
 * gradients, lie in one arena planned once.
 *
 * What is kept from the way forward: the maps that convolutions read, before
 * their norm and activation, the norms' coefficients and statistics, and q,
 * k, v of attention.  Activated maps are made again on the way back.
 *
 * Conventions are those of cedm_ops.h.  Gradients of the parameters have
 * the layout of the parameters; training ops add to them.  For tensors,
 * `accumulate` says whether an op adds to its destination or sets it.
 */
#ifndef CEDM_CODEGEN_TRAINING_H
#define CEDM_CODEGEN_TRAINING_H

#include "codegen/codegen.h"

/* ---- training ops ------------------------------------------------------- */

/* Element e of image i's map survives a dropout layer with probability
 * 1 - rate and is then multiplied by 1 / (1 - rate). */
#define CG_NO_DROPOUT 0xffffffffu

/* dst[c] = src[c] + sum_i W[c][i] labels[i]: the augmentation's labels join
 * the features of the noise level. */
typedef struct cg_augment {
    uint32_t id;
    uint32_t channels, label_dim;
    cedm_ref src, labels, dst; /* f32 */
    cedm_weight weight;
} cg_augment;

/* dst = dropout(act(concat(src[0], src[1]))), enlarged x2 with up = 1;
 * coeff as for cedm_conv.  layer is CG_NO_DROPOUT or the layer's number. */
typedef struct cg_activate {
    uint32_t id;
    uint32_t height, width; /* of src */
    uint32_t channels[2];
    uint32_t act, up, layer;
    cedm_ref src[2], coeff, dst;
} cg_activate;

/* The adjoint of activate (with up = 0) and of the norm_coeff that made its
 * coefficients, together: coeff depends on src.
 * grad is the gradient of activate's result and becomes scratch.  dst[s] is
 * the gradient of src[s], or CEDM_NONE.  sums is f32 [2][C] for the image's
 * part of the gradients of beta and gamma; adaptive_dst the gradient of
 * adaptive_src, of which the slice is set. */
typedef struct cg_norm_grad {
    uint32_t id;
    uint32_t height, width;
    uint32_t channels[2];
    uint32_t groups, stat_rows;
    float eps;
    uint32_t act, layer;
    uint32_t accumulate[2];
    cedm_ref src[2], coeff, stats[2];
    uint32_t adaptive_index, adaptive_stride;
    cedm_ref adaptive_src;
    cedm_ref grad, sums, adaptive_dst, dst[2];
    cedm_weight gamma, beta;
} cg_norm_grad;

/* weight[o][ky][kx][first + c] +=
 *     scale sum_images,y,x grad[y][x][o] src[y s + ky - p][x s + kx - p][c]
 * for c < cin; a row of the weight has `row` channels.  Linear layers are
 * 1x1 maps. */
typedef struct cg_conv_weight {
    uint32_t id;
    uint32_t height, width;       /* of grad */
    uint32_t in_height, in_width; /* of src */
    uint32_t cin, cout, kernel, stride, pad;
    uint32_t row, first;
    float scale;
    cedm_ref src, grad;
    cedm_weight weight;
} cg_conv_weight;

/* dst[index + c] = scale sum_pixels grad[p][c], of vectors f32 [stride] an
 * image; then bias[c] and bias2[c], if not CEDM_NONE, += the images' sum. */
typedef struct cg_sums {
    uint32_t id;
    uint32_t pixels, channels;
    float scale;
    cedm_ref grad, dst;
    uint32_t index, stride;
    cedm_weight bias, bias2;
} cg_sums;

/* dst = gradient of src, the q, k, v of cedm_attention; grad of its dst. */
typedef struct cg_attention_grad {
    uint32_t id;
    uint32_t tokens, channels, heads;
    cedm_ref src, grad, dst;
} cg_attention_grad;

/* weight[cluster] += label_scale grad, bias += grad, over the images. */
typedef struct cg_embed_grad {
    uint32_t id;
    uint32_t channels, label_dim;
    float label_scale;
    cedm_ref grad;
    cedm_weight weight, bias;
} cg_embed_grad;

/* dst = grad silu'(src), vectors. */
typedef struct cg_silu_grad {
    uint32_t id;
    uint32_t channels;
    cedm_ref src, grad, dst; /* f32 */
} cg_silu_grad;

/* dst = scale src, or dst += scale src; dst may equal src then. */
typedef struct cg_add {
    uint32_t id;
    uint32_t elements;
    uint32_t accumulate;
    float scale;
    cedm_ref src, dst;
} cg_add;

/* dst, 2 h - 1 by 2 w - 1, has src at even places and zeros elsewhere. */
typedef struct cg_dilate {
    uint32_t id;
    uint32_t height, width, channels; /* of src */
    cedm_ref src, dst;
} cg_dilate;

/* The one list of training ops: X(name).  Descriptor type cg_<name>. */
#define CG_TRAINING_OPS(X)                                                   \
    X(augment)                                                               \
    X(activate)                                                              \
    X(norm_grad)                                                             \
    X(conv_weight)                                                           \
    X(sums) X(attention_grad) X(embed_grad) X(silu_grad) X(add) X(dilate)

typedef enum cg_training_kind {
#define CG_TRAINING_ENUM(name) CG_TRAINING_##name,
    CG_TRAINING_OPS(CG_TRAINING_ENUM)
#undef CG_TRAINING_ENUM
        CG_TRAINING_COUNT
} cg_training_kind;

typedef struct cg_training_op {
    cg_training_kind kind;
    union {
#define CG_TRAINING_MEMBER(name) cg_##name name;
        CG_TRAINING_OPS(CG_TRAINING_MEMBER)
#undef CG_TRAINING_MEMBER
    } u;
} cg_training_op;

/* ---- training programs -------------------------------------------------- */

/* One step: an op of the runtime, or of the list above. */
typedef struct cg_step {
    bool training; /* which of the two */
    cg_op op;
    cg_training_op grad;
} cg_step;

/* Weights made of others before every evaluation:
 *   to[c][ky][kx][o] = scale from[o][k-1-ky][k-1-kx][first + c], c < count
 * where a row of `from` has `row` channels. */
typedef struct cg_derived {
    cedm_weight from, to;
    uint32_t outputs, kernel, row, first, count;
    float scale;
} cg_derived;

typedef struct cg_training {
    cg_program *program; /* its ops are not placed; its params are */
    cg_step *steps;
    uint32_t step_count, forward_count;
    cg_plan_report act, f32;
    cg_derived *derived;
    uint32_t derived_count;

    cedm_ref features_ref, input_ref, output_ref;
    cedm_ref output_grad_ref; /* set by the caller after the way forward */
    cedm_ref labels_ref;      /* augmentation labels, or CEDM_NONE */
    uint32_t augment_dim;
    uint32_t dropout_layers;

    /* Data are [trained parameters | constants | derived weights]. */
    uint64_t trained_elements, data_elements;
} cg_training;

/* Builds the training program of a checkpoint with EDM's preconditioning;
 * with dropout its layers are there.  NULL on error. */
cg_training *cg_build_training(const cg_file *checkpoint, bool dropout,
                               cg_error *error);
void cg_training_free(cg_training *training); /* NULL is allowed */

/* Element i of a part, as the blob has it, is this element of its array. */
uint64_t cg_part_source(const cg_part *part, uint64_t i);

#endif
