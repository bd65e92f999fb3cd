/* SPDX-License-Identifier: MIT
 *
 * tiny_program.h - a hand-made program that uses every op, layout and type of
 * array, small enough to be read; the emitters need no checkpoint. */
#ifndef CEDM_TEST_TINY_H
#define CEDM_TEST_TINY_H

#include "codegen/codegen.h"

enum {
    TINY_OPS = 10,
    TINY_PARAMS = 7,
    TINY_TENSORS = 9,
    TINY_BUFFERS = 8,
    TINY_TWO_PARTS = 2, /* this tensor: an array, then values */
    TINY_FILTER = 6,    /* this one: values only */
    TINY_DATA = 16 * (1 + 1 + 3 + 12 + 1 + 1 + 1)
};

typedef struct tiny {
    cg_program program;
    cg_file file;
    cg_op ops[TINY_OPS];
    cg_param params[TINY_PARAMS];
    cg_part parts[TINY_PARAMS + 1];
    cg_array arrays[TINY_PARAMS];
    cg_tensor tensors[TINY_TENSORS];
    cg_buffer buffers[TINY_BUFFERS];
    double freq[2];
    int64_t ids[2];
    float values[4];
    unsigned char data[TINY_PARAMS][1024];
} tiny;

/* Fills in t, which must not be moved afterwards. */
void tiny_make(tiny *t);

/* Element i of array k, exactly representable in every type. */
double tiny_value(int k, uint64_t i);

#endif
