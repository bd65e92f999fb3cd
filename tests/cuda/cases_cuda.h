/* SPDX-License-Identifier: MIT
 *
 * cases_cuda.h - shapes that only the CUDA backend treats in its own way. */
#ifndef CEDM_TEST_CASES_CUDA_H
#define CEDM_TEST_CASES_CUDA_H

#include "tests/ops/cases.h"

extern const op_class cuda_classes[];
extern const size_t cuda_class_count;

/* Multiply-adds of a case, all images. */
uint64_t case_work(const op_class *class, const op_case *c);

/* Tests of the sampler's kernels and of a network; the failures. */
int cuda_sampler_test(void);
int cuda_net_test(void);

#endif
