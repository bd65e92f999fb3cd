/* SPDX-License-Identifier: MIT
 *
 * part.c - how a checkpoint's tensor and its place in the blob correspond. */
#include "codegen/training.h"

uint64_t cg_part_source(const cg_part *part, uint64_t i)
{
    const uint64_t *shape = part->array->shape;
    switch (part->layout) {
    case CG_LAYOUT_CONV: { /* [o][p][c] of [o][c][p] */
        uint64_t pixels = shape[2] * shape[3], channels = shape[1];
        uint64_t c = i % channels, p = i / channels % pixels;
        return (i / channels / pixels * channels + c) * pixels + p;
    }
    case CG_LAYOUT_QKV: { /* row j * C + c of c * 3 + j */
        uint64_t channels = shape[0] / 3;
        uint64_t length = part->elements / shape[0], row = i / length;
        return (row % channels * 3 + row / channels) * length + i % length;
    }
    case CG_LAYOUT_TRANSPOSE: /* [b][a] of [a][b] */
        return i % shape[0] * shape[1] + i / shape[0];
    case CG_LAYOUT_PLAIN: break;
    }
    return i;
}
