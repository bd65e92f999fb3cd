/* SPDX-License-Identifier: MIT
 *
 * twin.h - every graph op once more, one output element at a time, in
 * double precision, straight from the formulas of cedm_ops.h. */
#ifndef CEDM_TEST_TWIN_H
#define CEDM_TEST_TWIN_H

#include "tests/ops/op_stage.h"

/* What an output should be, and its magnitude: what single precision rounds
 * to relative to.  An error of k roundings is k * 2^-24 * magnitude. */
typedef struct twin_value {
    double value, magnitude;
} twin_value;

/* Element `e` of output number `output` of one image. */
#define TWIN_DECLARE(name)                                                   \
    twin_value twin_##name(const stage *s, const void *op, uint32_t image,   \
                           int output, size_t e);
CEDM_GRAPH_OPS(TWIN_DECLARE)
#undef TWIN_DECLARE

#endif
