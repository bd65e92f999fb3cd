/* SPDX-License-Identifier: MIT
 *
 * fixture.h - one training op on a device, and by trainer/ops on the same
 * inputs, which the device's type has rounded.
 *
 * Tolerances are made before results are looked at:
 *
 *   store  the half distance of neighbours at 1, u, of the type that results
 *          are stored in: one rounding is that much of a result;
 *   terms  for sums of n products: 8 sqrt(n) 2^-24 of the sum of absolute
 *          terms, which holds with near certainty for n roundings to float
 *          [HIGHAM].  Products of two numbers of 16 bits are exact, so it is
 *          the same for all types.  The sum of absolute terms is what the
 *          plain op makes of absolute inputs;
 *   level  of the root mean square of results, where an op is not linear. */
#ifndef CEDM_TEST_CUDA_TRAIN_FIXTURE_H
#define CEDM_TEST_CUDA_TRAIN_FIXTURE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "trainer/cuda/dispatch.h"
#include "tests/cuda/test_device.h"
#include "trainer/ops/training_ops.h"

#define BATCH 3u
#define WEIGHTS 200000u
#define OUTPUTS 6

typedef struct output {
    cedm_ref ref;
    uint32_t elements;
    bool f32, grads; /* grads: `elements` from element `ref` of them on */
    double store, terms, level;
} output;

typedef struct fixture {
    enum cedm_cuda_precision precision;
    uint32_t multiprocessors;
    char what[160];
    uint32_t used[2];  /* elements an image of act and of f32 */
    float *segment[2]; /* before the op */
    float *data, *grads;
    uint64_t images[BATCH];
    int32_t cluster[BATCH];
    output outputs[OUTPUTS];
    int output_count;
    bool linear; /* absolute inputs give absolute terms */
} fixture;

extern const char *const precision_names[CEDM_CUDA_PRECISIONS];

/* u of the type of the activations, or of the f32 segment. */
double unit(const fixture *x, bool f32);

void fixture_open(fixture *x, enum cedm_cuda_precision precision,
                  uint32_t multiprocessors, const char *what);
void fixture_close(fixture *x);

/* A tensor of normal numbers, as the segment holds them. */
cedm_ref tensor(fixture *x, bool f32, uint32_t elements);
float *tensor_at(fixture *x, cedm_ref ref);

void expect(fixture *x, output o);
static inline double sum_terms(double n)
{
    return 8.0 * sqrt(n) * 0x1p-24;
}

/* Runs an op in both orders of threads and blocks, compares bits, then
 * values with the plain op; nothing but the outputs may change. */
void fixture_check(fixture *x, const cg_training_op *op);

float random_normal_float(void);
uint16_t narrow(float x, enum cedm_cuda_precision precision);
float widen(uint16_t x, enum cedm_cuda_precision precision);

/* Tests of the other file. */
int train_update_test(void);

#endif
