/* SPDX-License-Identifier: MIT
 *
 * inception_tensors.h - the tensors of FID's Inception network, from
 * layers.txt. */
#ifndef CEDM_TESTS_INCEPTION_TENSORS_H
#define CEDM_TESTS_INCEPTION_TENSORS_H

#include <stdbool.h>
#include <stdint.h>

#define INCEPTION_TENSORS 472u
#define INCEPTION_NVIDIA_TENSORS 378u
#define INCEPTION_NAME_BYTES 80u

typedef struct inception_tensor {
    char name[INCEPTION_NAME_BYTES];
    char nvidia[INCEPTION_NAME_BYTES]; /* "" where that file has none */
    const char *leaf;                  /* the end of `name`: bn.bias */
    int rank;
    uint64_t shape[4], elements;
} inception_tensor;

/* All of them in the order of the file; false if the list cannot be read. */
bool inception_tensors(inception_tensor tensors[INCEPTION_TENSORS]);

#endif
