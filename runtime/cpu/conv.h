/* SPDX-License-Identifier: MIT
 *
 * conv.h - what a direct convolution is made of: an op cut into tasks, and
 * a strip of source rows that a task holds. */
#ifndef CEDM_CPU_CONV_H
#define CEDM_CPU_CONV_H

#include "runtime/cpu/cpu.h"

/* Pieces that a run of K may be cut into. */
#define CEDM_MAX_PIECES 12u
#define CEDM_MAX_CHUNKS (4 * CEDM_MAX_PIECES)

typedef struct cedm_conv_chunk {
    size_t a; /* floats from a pixel's staged taps, or its skip channels */
    const float *b;      /* of panel 0, phase 0 */
    size_t panel, phase; /* floats from one to the next in b */
    size_t step;
    uint32_t runs, length;
    uint32_t skip;
} cedm_conv_chunk;

/* An op cut into tasks: [group of images][strip][range of panels]. */
typedef struct cedm_conv_job {
    const cedm_conv *op;
    cedm_conv_plan plan;
    uint32_t groups, strips, splits;
    uint32_t chunk_count;
    const float *weights, *bias;
    cedm_conv_chunk chunks[CEDM_MAX_CHUNKS];
} cedm_conv_job;

/* What a worker holds while it makes a strip. */
typedef struct cedm_conv_strip {
    const cedm_exec *exec;
    const cedm_conv_job *job;
    uint32_t image, images; /* first, number */
    uint32_t row, rows;     /* of a pass */
    float *source, *skip, *sums;
    uint32_t *source_at, *skip_at, *dst_at; /* of a pixel of the strip */
    uint32_t *sums_at;                      /* of a pixel of a block */
} cedm_conv_strip;

/* Stages image i of a strip, its skip too. */
void CEDM_ISA_NAME(conv_stage)(const cedm_conv_strip *s, uint32_t i);

/* Offsets of the strip's pixels; phases and panels add their own. */
void CEDM_ISA_NAME(conv_tabulate)(const cedm_conv_strip *s);

/* Panels from..to-1 of all images of a staged strip, to dst. */
void CEDM_ISA_NAME(conv_multiply)(const cedm_conv_strip *s, uint32_t from,
                                  uint32_t to);

/* The same for a plan that is narrow. */
void CEDM_ISA_NAME(conv_narrow)(const cedm_conv_strip *s);

#endif
