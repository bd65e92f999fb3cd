/* SPDX-License-Identifier: MIT
 *
 * knn_test.c - neighbours against a golden list, and against all pairs in
 * double precision for more rows than a chunk or a group has. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/cluster/arrays.h"
#include "cluster/knn.h"
#include "tests/cluster/numbers.h"

/* All neighbours, [rows][k], to be freed. */
static cluster_scored *find(const cluster_rows *rows, uint32_t k,
                            const cluster_workers *w)
{
    cluster_scored *all = malloc(rows->count * k * sizeof *all);
    host_failure f = HOST_FAILURE_UNSAID;
    cluster_knn n;

    assert_non_null(all);
    if (!cluster_knn_open(&n, rows, k, w, &f)) {
        fail_msg("%s", f.text);
    }
    for (uint64_t first = 0; first < rows->count; first += n.queries) {
        cluster_knn_group(&n, first, rows->count);
        memcpy(all + first * k, n.found, (size_t)n.queries * k * sizeof *all);
    }
    cluster_knn_close(&n);
    return all;
}

static void test_golden(void **state)
{
    const cluster_kernels *kernels[NUMBERS_KERNELS_MAX];
    const uint32_t count = numbers_kernels(kernels);
    cg_file *file = arrays_open("temi/knn");
    float *x = arrays_floats(file, "", "features");
    int32_t *wanted = arrays_integers(file, "", "knn");
    double *similarity = arrays_doubles(file, "", "sim");
    const uint32_t k = (uint32_t)arrays_parameter(file, "k");
    const cluster_rows rows = {
        .values = x,
        .count = arrays_extent(file, "features", 0),
        .width = (uint32_t)arrays_extent(file, "features", 1),
    };

    (void)state;
    for (uint32_t n = 0; n < count; n++) {
        cluster_workers w = numbers_workers(1, kernels[n]);
        cluster_scored *got = find(&rows, k, &w);

        for (size_t i = 0; i < rows.count * k; i++) {
            assert_int_equal(got[i].index, wanted[i]);
            /* a chain of `width` terms below 1, and two lengths like it */
            assert_true(fabs((double)got[i].value - similarity[i]) <=
                        4.0 * rows.width * (double)FLT_EPSILON);
        }
        free(got);
    }
    free(x);
    free(wanted);
    free(similarity);
    cg_close(file);
}

/* ---- many rows ---------------------------------------------------------- */

#define ROWS 9000u /* above a group and two chunks */
#define WIDTH 5u
#define K 7u

static void check_query(const float *x, const double *length, uint32_t query,
                        const cluster_scored *got)
{
    uint32_t better = 0;
    const double worst = (double)got[K - 1].value;
    const double slack = 4.0 * WIDTH * (double)FLT_EPSILON;

    for (uint32_t j = 0; j < ROWS; j++) {
        double dot = 0.0;

        for (uint32_t c = 0; c < WIDTH; c++) {
            dot += (double)x[query * WIDTH + c] * (double)x[j * WIDTH + c];
        }
        dot /= length[query] * length[j];
        better += j != query && dot > worst + slack;
        for (uint32_t i = 0; i < K; i++) {
            assert_int_not_equal(got[i].index, query);
            if (got[i].index == j) {
                assert_true(fabs(dot - (double)got[i].value) <= slack);
            }
        }
    }
    /* What is clearly better than the last found one has been found. */
    assert_true(better < K);
}

static void test_many(void **state)
{
    float *x = malloc(ROWS * WIDTH * sizeof *x);
    double *length = malloc(ROWS * sizeof *length);
    cluster_workers w = numbers_workers(3, cluster_kernels_for(UINT32_MAX));
    const cluster_rows rows = {.values = x, .count = ROWS, .width = WIDTH};
    cluster_scored *got;

    (void)state;
    numbers_fill(x, ROWS * WIDTH, 1);
    for (uint32_t i = 0; i < ROWS; i++) {
        length[i] = 0.0;
        for (uint32_t c = 0; c < WIDTH; c++) {
            length[i] += (double)x[i * WIDTH + c] * (double)x[i * WIDTH + c];
        }
        length[i] = sqrt(length[i]);
    }
    got = find(&rows, K, &w);
    for (uint32_t query = 0; query < ROWS; query += 37) {
        check_query(x, length, query, got + query * K);
    }
    free(got);
    free(length);
    free(x);
    numbers_close(&w);
}

static void test_threads(void **state)
{
    const cluster_kernels *kernels[NUMBERS_KERNELS_MAX];
    const uint32_t count = numbers_kernels(kernels);
    float x[500 * 33];
    const cluster_rows rows = {.values = x, .count = 500, .width = 33};

    (void)state;
    numbers_fill(x, 500 * 33, 2);
    for (uint32_t n = 0; n < count; n++) {
        cluster_workers one = numbers_workers(1, kernels[n]);
        cluster_workers four = numbers_workers(4, kernels[n]);
        cluster_scored *a = find(&rows, 20, &one);
        cluster_scored *b = find(&rows, 20, &four);

        assert_memory_equal(a, b, 500 * 20 * sizeof *a);
        free(a);
        free(b);
        numbers_close(&four);
    }
}

/* Equal rows come in order; a row of zeros is near nothing. */
static void test_equal(void **state)
{
    const float x[] = {1, 2, 2, 4, 0, 0, 1, 2, -1, -2};
    static const uint32_t wanted[] = {1, 3, 2, 4, 0, 3, 2, 4, 0, 1,
                                      3, 4, 0, 1, 2, 4, 2, 0, 1, 3};
    const cluster_rows rows = {.values = x, .count = 5, .width = 2};
    cluster_workers w = numbers_workers(1, cluster_kernels_for(UINT32_MAX));
    cluster_scored *got = find(&rows, 4, &w);

    (void)state;
    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(got[i].index, wanted[i]);
    }
    assert_true(got[2].value == 0.0f);
    free(got);
}

static void test_too_many(void **state)
{
    const float x[6] = {1, 2, 3, 4, 5, 6};
    const cluster_rows rows = {.values = x, .count = 3, .width = 2};
    cluster_workers w = numbers_workers(1, cluster_kernels_for(0));
    host_failure f = HOST_FAILURE_UNSAID;
    cluster_knn n;

    (void)state;
    assert_false(cluster_knn_open(&n, &rows, 3, &w, &f));
    assert_string_equal(f.text, "wanted 1 to 2 neighbours, as many as other "
                                "rows, got 3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),   cmocka_unit_test(test_many),
        cmocka_unit_test(test_threads),  cmocka_unit_test(test_equal),
        cmocka_unit_test(test_too_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
