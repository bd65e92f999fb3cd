/* SPDX-License-Identifier: MIT
 *
 * evaluate_fixture.h - what the tests of the evaluation share: golden arrays,
 * random features, threads. */
#ifndef CEDM_TESTS_EVALUATE_EVALUATE_FIXTURE_H
#define CEDM_TESTS_EVALUATE_EVALUATE_FIXTURE_H

#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cblas.h>
#include <cmocka.h>

#include "evaluate/selection.h"
#include "evaluate/threads.h"
#include "runtime/philox.h"
#include "host/execution/pool.h"

#define GOLDEN "tests/golden/science/metrics/"

static const evaluate_threads alone = {NULL, NULL, 1};

static inline cg_file *golden(const char *name)
{
    cg_error error;
    char path[256];
    (void)snprintf(path, sizeof path, GOLDEN "%s.safetensors", name);
    cg_file *file = cg_open(path, &error);
    if (file == NULL) {
        fail_msg("%s", error.text);
    }
    return file;
}

static inline const cg_array *array_of(const cg_file *file, const char *name)
{
    const cg_array *array = cg_find(file, name);
    if (array == NULL) {
        fail_msg("%s: no array %s", file->path, name);
    }
    return array;
}

static inline double number_of(const cg_file *file, const char *name)
{
    const cg_array *array = array_of(file, name);
    assert_int_equal(array->elements, 1);
    return cg_element(array, 0);
}

static inline evaluate_selection rows_of(const cg_file *file,
                                         const char *name)
{
    return evaluate_select_all(array_of(file, name));
}

/* Doubles that a test made, as features. */
static inline cg_array features_of(const double *values, uint64_t rows,
                                   uint64_t width)
{
    return (cg_array){.dtype = CG_F64,
                      .rank = 2,
                      .shape = {rows, width},
                      .elements = rows * width,
                      .data = (const unsigned char *)values};
}

/* rows x width normal numbers; to be freed. */
static inline double *random_rows(uint64_t seed, uint64_t rows,
                                  uint64_t width)
{
    double *values = malloc(rows * width * sizeof *values);
    assert_non_null(values);
    for (uint64_t i = 0; i < rows * width; i++) {
        values[i] = cedm_normal_f64(seed, i, 0);
    }
    return values;
}

static inline void check_near(const char *what, double got, double wanted,
                              double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance)) {
        fail_msg("%s: wanted %.17g, got %.17g, off by %.3g of %.3g", what,
                 wanted, got, got - wanted, tolerance);
    }
}

static inline void check_bits(const char *what, double got, double wanted)
{
    if (memcmp(&got, &wanted, sizeof got) != 0) {
        fail_msg("%s: wanted %a, got %a", what, wanted, got);
    }
}

/* A result is the same with one thread and with several; BLAS has one, as
 * threads.h asks. */
static inline void check_threads(const char *what,
                                 double (*call)(const evaluate_threads *))
{
    openblas_set_num_threads(1);
    double wanted = call(&alone);
    for (uint32_t threads = 2; threads <= 5; threads += 3) {
        host_failure f = HOST_FAILURE_UNSAID;
        host_pool *p = host_pool_open(threads, threads, &f);
        assert_non_null(p);
        evaluate_threads several = {host_pool_for, p, threads};
        check_bits(what, call(&several), wanted);
        host_pool_close(p);
    }
}

#endif
