/* SPDX-License-Identifier: MIT
 *
 * both.h - a model on a GPU and on the portable backend, and what is said of
 * the two: for gpu_check.c and gpu_encode.c, with libc and cudart alone.
 *
 * What cannot be done ends the program. */
#ifndef CEDM_TEST_GPU_BOTH_H
#define CEDM_TEST_GPU_BOTH_H

#include "cedm_cuda.h"

typedef struct both {
    cedm_blob blob;
    unsigned char *data; /* the blob's, which may be changed */
    cedm_net host;
    cedm_cuda_config config;
    cedm_cuda_fault fault;
    cedm_cuda_net *net;
} both;

/* Zeros, aligned for every region. */
void *both_memory(size_t bytes);

/* The net on the host, of batches as config.batch says. */
void both_open_host(both *b, const cedm_model *model, unsigned char *blob,
                    size_t size);

/* Memory for the net of a config, which may be opened more than once. */
void both_take(both *b);
void both_free(both *b);
void both_open_device(both *b);

/* "fp16". */
const char *both_precision(enum cedm_cuda_precision precision);

/* Prints a line and counts it; what must not fail; the counts, and whether
 * anything failed. */
void both_expect(const both *b, int good, const char *what, double got,
                 double wanted);
void both_need(cedm_status status, const char *what);
int both_summary(void);

#endif
