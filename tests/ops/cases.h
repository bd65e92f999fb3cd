/* SPDX-License-Identifier: MIT
 *
 * cases.h - the shapes and options that every op is tested with. */
#ifndef CEDM_TEST_CASES_H
#define CEDM_TEST_CASES_H

#include "tests/ops/op_stage.h"
#include "tests/ops/twin.h"

/* Optional parts of a case, a sum of: */
enum case_with {
    WITH_BIAS = 1,
    WITH_EMB = 2,
    WITH_RESIDUAL = 4,
    WITH_SKIP_BIAS = 8,
    WITH_STATS = 16,
    WITH_ADAPTIVE = 32,
    WITH_ALL = 63,
    /* the source of a conv that dst lies over */
    OVER_RESIDUAL = 64,
    OVER_SKIP0 = 128,
    OVER_SKIP1 = 256,
    /* dst is a part of a larger map */
    IN_SLICE = 512
};

typedef struct op_case {
    const char *name;
    any_op op; /* dimensions; references are filled in on a stage */
    uint32_t with;
    uint32_t images;       /* of the largest batch tested */
    float mean, deviation; /* of the maps */
} op_case;

/* Adds the tensors of a case to a stage and points *op at them. */
#define PLACE_DECLARE(name)                                                  \
    void place_##name(stage *s, const op_case *c, any_op *op);
CEDM_GRAPH_OPS(PLACE_DECLARE)
#undef PLACE_DECLARE

/* What a test needs to know of an op. */
typedef struct op_class {
    const char *name;
    const op_case *cases;
    size_t count;
    stage_call *call;
    void (*place)(stage *s, const op_case *c, any_op *op);
    twin_value (*twin)(const stage *s, const void *op, uint32_t image,
                       int output, size_t e);
} op_class;

/* Whether an image's tensors and the weights have so many elements that a slow
 * machine spends most of its time on such cases. */
bool op_case_is_large(const op_class *class, const op_case *c);

extern const op_class op_classes[];
extern const size_t op_class_count;

#endif
