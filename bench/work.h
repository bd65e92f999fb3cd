/* SPDX-License-Identifier: MIT
 *
 * work.h - floating-point operations of an op, of one image: a multiply-add
 * counts as two, an up-sampling convolution in full. */
#ifndef CEDM_BENCH_WORK_H
#define CEDM_BENCH_WORK_H

#include "cedm_model.h"

static inline double flop_conv(const cedm_conv *op)
{
    double taps = (double)op->kernel[0] * op->kernel[1];
    double cin = (double)op->cin[0] + op->cin[1];
    double skip = (double)op->skip_cin[0] + op->skip_cin[1];

    return 2.0 * op->height * op->width * op->cout * (taps * cin + skip);
}

static inline double flop_linear(const cedm_linear *op)
{
    return 2.0 * op->in * op->out;
}

static inline double flop_attention(const cedm_attention *op)
{
    return 4.0 * op->tokens * op->tokens * op->channels;
}

/* The others are counted as none: memory bounds them. */
static inline double flop_none(const void *op)
{
    (void)op;
    return 0.0;
}

#define WORK_OF(op)                                                          \
    _Generic(op, const cedm_conv *: flop_conv,                               \
             const cedm_linear *: flop_linear,                               \
             const cedm_attention *: flop_attention, default: flop_none)(op)

#endif
