/* SPDX-License-Identifier: MIT
 *
 * op_fixture.h - an arena for one training op, and finite differences.
 *
 * The twin's scalar is sum(w * result) with random w, so that w is the
 * gradient that the op is given.  Central differences of it in double
 * precision are good to 1e-8; what is left is the op's own rounding. */
#ifndef CEDM_TESTS_OP_FIXTURE_H
#define CEDM_TESTS_OP_FIXTURE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "trainer/cpu/train_cpu.h"
#include "trainer/purposes.h"

#define BATCH 3u
#define STEP 1e-5
#define TOLERANCE 3e-6 /* of the largest gradient of the tensor */

/* The arena and weights of one op under test. */
typedef struct fixture {
    train_exec exec;
    cedm_sizes sizes;
    uint32_t used;
    uint64_t images[BATCH];
    int32_t cluster[BATCH];
    float *act, *data, *grads;
    unsigned char *scratch;
} fixture;

#define ARENA 60000u
#define WEIGHTS 20000u

static uint32_t draws;

static inline double random_value(void)
{
    host_random_key key = {.seed = 11, .purpose = TRAIN_DRAW_INIT};
    double z[2];

    host_random_normal(&key, draws++, z);
    return z[0];
}

static inline void open_fixture(fixture *x)
{
    *x = (fixture){.act = calloc(ARENA * BATCH, sizeof(float)),
                   .data = calloc(WEIGHTS, sizeof(float)),
                   .grads = calloc(WEIGHTS, sizeof(float)),
                   .scratch = aligned_alloc(64, 1u << 20)};
    assert_non_null(x->act);
    assert_non_null(x->data);
    assert_non_null(x->grads);
    assert_non_null(x->scratch);
    for (uint32_t i = 0; i < WEIGHTS; i++) {
        x->data[i] = (float)random_value();
    }
    for (uint32_t i = 0; i < BATCH; i++) {
        x->images[i] = 1000 + 7 * i;
    }
    x->exec.base = (cedm_exec){.data = x->data,
                               .act = x->act,
                               .f32 = x->act,
                               .scratch = x->scratch,
                               .scratch_stride = 1u << 20,
                               .cluster = x->cluster,
                               .batch = BATCH,
                               .n = BATCH,
                               .workers = 1};
    x->exec.grads = x->grads;
    x->exec.images = x->images;
    x->exec.dropout = 0.3f;
}

static inline void close_fixture(fixture *x)
{
    assert_true(x->sizes.scratch <= 1u << 20);
    free(x->act);
    free(x->data);
    free(x->grads);
    free(x->scratch);
}

/* A tensor of random values. */
static inline cedm_ref tensor(fixture *x, uint32_t elements)
{
    uint32_t at = x->used;

    x->used += (elements + 31u) / 32u * 32u;
    assert_true(x->used <= ARENA);
    for (uint32_t i = 0; i < elements * BATCH; i++) {
        x->act[at * BATCH + i] = (float)random_value();
    }
    return at;
}

static inline float *values(fixture *x, cedm_ref ref, uint32_t elements,
                            uint32_t image)
{
    return cedm_at(&x->exec.base, ref, elements, image);
}

/* Compares count elements with central differences of f by x[i]; every
 * stride-th. */
typedef double function(const void *twin);

static inline void check_gradient(const char *what, const float *got,
                                  double *x, uint32_t count, uint32_t stride,
                                  function *f, const void *twin)
{
    double largest = 1e-3;

    for (uint32_t i = 0; i < count; i++) {
        largest = fmax(largest, fabs((double)got[i]));
    }
    for (uint32_t i = 0; i < count; i += stride) {
        double kept = x[i], up, down, wanted;

        x[i] = kept + STEP;
        up = f(twin);
        x[i] = kept - STEP;
        down = f(twin);
        x[i] = kept;
        wanted = (up - down) / (2.0 * STEP);
        if (!(fabs((double)got[i] - wanted) <= TOLERANCE * largest)) {
            fail_msg("%s[%u]: got %.8g, wanted %.8g (largest %.3g)", what, i,
                     (double)got[i], wanted, largest);
        }
    }
}

static inline double *widen(const float *x, size_t count)
{
    double *out = malloc(count * sizeof *out);

    assert_non_null(out);
    for (size_t i = 0; i < count; i++) {
        out[i] = (double)x[i];
    }
    return out;
}

static inline double act(double u, uint32_t kind)
{
    return kind == CEDM_ACT_SILU ? u / (1.0 + exp(-u)) : u;
}

/* The tests of a table of ops, for every instruction set that there is. */
typedef struct op_tests {
    const char *name;
    CMUnitTestFunction function;
} op_tests;

static inline int run_for_all_sets(const op_tests *tests, size_t count)
{
    static const uint32_t sets[] = {0, CEDM_ISA_avx2, CEDM_ISA_avx512,
                                    CEDM_ISA_neon};
    struct CMUnitTest all[48];
    size_t used = 0;

    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        const train_ops *ops = train_cpu_ops(sets[i]);

        for (size_t k = 0; k < count && (i == 0 || ops != &train_plain);
             k++) {
            all[used++] = (struct CMUnitTest){
                tests[k].name, tests[k].function, NULL, NULL,
                (void *)(uintptr_t)ops}; /* cmocka's states are not const */
        }
    }
    return _cmocka_run_group_tests("training ops", all, used, NULL, NULL);
}

#endif
