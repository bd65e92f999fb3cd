/* SPDX-License-Identifier: MIT
 *
 * op_stage.h - one op alone on a stage: an arena, a blob, scratch and prepared
 * weights of its own, all of them between guard bands.
 *
 * Inputs are a function of (tensor, image, element), whatever the batch, so
 * two stages of one case with different batches must give the same bits. */
#ifndef CEDM_TEST_STAGE_H
#define CEDM_TEST_STAGE_H

#include <stdbool.h>

#include "cedm.h"

/* A descriptor of any op. */
typedef union any_op {
#define ANY_OP(name) cedm_##name name;
    CEDM_GRAPH_OPS(ANY_OP)
#undef ANY_OP
} any_op;

/* How a tensor or a weight is filled. */
typedef struct stage_fill {
    bool output;
    float mean, deviation;
    uint32_t channels; /* not 0: statistics [][2][channels], M2 above 0 */
    float m2;          /* about this large */
    bool bytes;        /* whole numbers 0..255 */
    uint32_t row;      /* not 0: rows of so many, a whole number up to `most`
                          and weights, whole ones if deviation is above 1 */
    uint32_t most;
} stage_fill;

#define STAGE_IMAGES 72 /* of a batch, at most */
#define STAGE_TENSORS 12
#define STAGE_WEIGHTS 6

typedef struct stage_tensor {
    cedm_ref ref;
    uint32_t elements;
    stage_fill fill;
    bool written_over; /* an input that is an output, too */
} stage_tensor;

/* How a stage is run. */
typedef struct stage_setting {
    uint32_t batch, n;
    uint32_t first; /* image `first` of the case is image 0 of the batch */
    uint32_t workers;
    bool threads; /* false: one thread, last task first, workers in turn */
    bool nan;     /* element 0 of image 0 of the first input is one */
} stage_setting;

typedef struct stage {
    stage_setting setting;
    cedm_model model;
    cedm_exec exec;
    cedm_sizes sizes;

    stage_tensor tensors[STAGE_TENSORS], weights[STAGE_WEIGHTS];
    uint32_t tensor_count, weight_count;
    uint32_t elements[2]; /* of act and f32, per image */
    uint32_t data_elements;

    float *segment[2], *before[2]; /* act and f32: now, and before the run */
    float *data, *data_before;
    unsigned char *scratch, *prepared, *prepared_before;
} stage;

/* The op under test, as a function of a table: run, prepare or sizes. */
typedef void stage_call(const cedm_ops *ops, void *ctx, const void *op);

/* Adds a tensor to the arena, or a weight to the blob; before stage_open. */
cedm_ref stage_tensor_add(stage *s, bool f32, uint64_t elements,
                          stage_fill fill);
cedm_weight stage_weight_add(stage *s, uint64_t elements, stage_fill fill);

/* Allocates and fills everything, prepares weights, runs the op, and checks
 * that nothing was written but the outputs of the n images. */
void stage_run(stage *s, const stage_setting *setting,
               const cedm_backend *backend, stage_call *call, const void *op,
               const char *what);
void stage_close(stage *s);

/* A tensor of one image before the run, and after it. */
const float *stage_in(const stage *s, cedm_ref ref, size_t elements,
                      uint32_t image);
const float *stage_out(const stage *s, cedm_ref ref, size_t elements,
                       uint32_t image);

/* A number of a fixed normal distribution per (stream, image, element). */
float stage_normal(uint32_t stream, uint32_t image, uint64_t element);

#endif
