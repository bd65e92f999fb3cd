/* SPDX-License-Identifier: MIT
 *
 * sums.h - what large cases are to give, in few numbers that were made on
 * another machine: of each image the root mean square, and of every SUMS_OF
 * elements their sum, each with a sign of its own.
 *
 * Every element is in a sum, and one that is wrong, or two of different signs
 * that changed places, change it; the whole maps would be 25 MB for each
 * precision, and a minute of a processor. */
#ifndef CEDM_TEST_CUDA_SUMS_H
#define CEDM_TEST_CUDA_SUMS_H

#include <stddef.h>

#define SUMS_OF 256u

double sums_rms(const float *x, size_t n);

/* How many sums n elements have, and sum k of them. */
size_t sums_count(size_t n);
double sums_one(const float *x, size_t n, size_t k);

/* Reads a whole file; what cannot be read ends the program. */
void sums_read(const char *path);

/* Of a case of that name, [images][1 + sums]; NULL: there are none. */
const float *sums_find(const char *name);

/* For who makes the file: begins it, and adds a case. */
void sums_begin(const char *path);
void sums_add(const char *name, const float *values, size_t count);
void sums_end(void);

#endif
