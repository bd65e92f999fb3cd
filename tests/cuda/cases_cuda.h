/* SPDX-License-Identifier: MIT
 *
 * cases_cuda.h - shapes that only the CUDA backend treats in its own way. */
#ifndef CEDM_TEST_CASES_CUDA_H
#define CEDM_TEST_CASES_CUDA_H

#include "ops/cases.h"

#define CONV_CLASS 3 /* in op_classes, the order of CEDM_GRAPH_OPS */

/* Convolutions whose tiles, copies of a skip or statistics are special. */
extern const op_class cuda_conv_class;

/* Multiply-adds of a case, all images. */
uint64_t case_work(const op_class *class, const op_case *c);

/* Tests of the sampler's kernels and of a network; the failures. */
int cuda_sampler_test(void);
int cuda_net_test(void);

#endif
