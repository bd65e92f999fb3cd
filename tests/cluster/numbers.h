/* SPDX-License-Identifier: MIT
 *
 * numbers.h - random numbers and kernels for the tests of clustering. */
#ifndef CEDM_TEST_CLUSTER_NUMBERS_H
#define CEDM_TEST_CLUSTER_NUMBERS_H

#include "cluster/workers.h"

/* Uniform in [0, 1), from `seed` and position alone. */
double numbers_uniform(uint32_t seed, uint64_t i);

/* n floats uniform in [-1, 1). */
void numbers_fill(float *out, size_t n, uint32_t seed);

/* The kernels of this machine, each once, the portable ones first; returns
 * how many. */
#define NUMBERS_KERNELS_MAX 4u
uint32_t numbers_kernels(const cluster_kernels *out[NUMBERS_KERNELS_MAX]);

/* Real threads; numbers_close stops them. */
cluster_workers numbers_workers(uint32_t threads,
                                const cluster_kernels *kernels);
void numbers_close(cluster_workers *workers);

#endif
