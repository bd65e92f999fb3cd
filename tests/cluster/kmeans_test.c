/* SPDX-License-Identifier: MIT
 *
 * kmeans_test.c - k-means against runs of scikit-learn, and what must not
 * change its bits: threads, being resumed. */
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
#include "cluster/kmeans_parts.h"
#include "tests/cluster/numbers.h"
#include "tests/cluster/overlapping.h"

typedef struct golden {
    cg_file *file;
    float *x, *init;
    cluster_rows rows;
    cluster_kmeans_options options;
} golden;

static golden open_golden(const char *name)
{
    golden g = {.file = arrays_open(name),
                .options = cluster_kmeans_options_default()};

    g.x = arrays_floats(g.file, "", "X");
    g.init = arrays_floats(g.file, "", "init");
    g.rows.values = g.x;
    g.rows.count = arrays_extent(g.file, "X", 0);
    g.rows.width = (uint32_t)arrays_extent(g.file, "X", 1);
    g.options.clusters = (uint32_t)arrays_extent(g.file, "init", 0);
    g.options.tolerance = arrays_parameter(g.file, "tol");
    g.options.iterations = (uint32_t)arrays_parameter(g.file, "max_iter");
    g.options.seeding = CLUSTER_SEEDING_given;
    g.options.given = g.init;
    return g;
}

static void close_golden(golden *g)
{
    free(g->x);
    free(g->init);
    cg_close(g->file);
}

static void check_labels(const golden *g, const cluster_kmeans *k,
                         const char *kernels)
{
    int32_t *wanted = arrays_integers(g->file, "lloyd.", "labels");

    for (uint64_t i = 0; i < g->rows.count; i++) {
        if (k->best.labels[i] != wanted[i]) {
            fail_msg("%s (%s): label %u: got %d, wanted %d", g->file->path,
                     kernels, (uint32_t)i, k->best.labels[i], wanted[i]);
        }
    }
    free(wanted);
}

/* Rows are rounded to single precision, their mean and a centre again: three
 * roundings of the largest number. */
static void check_centres(const golden *g, const cluster_kmeans *k)
{
    double *wanted = arrays_doubles(g->file, "lloyd.", "centers");
    float largest = 0.0f;

    for (size_t i = 0; i < g->rows.count * g->rows.width; i++) {
        largest = fmaxf(largest, fabsf(g->x[i]));
    }
    for (size_t i = 0; i < (size_t)g->options.clusters * g->rows.width; i++) {
        const double got =
            (double)k->best.centres[i] + (double)k->mean[i % g->rows.width];

        if (!(fabs(got - wanted[i]) <=
              3.0 * (double)(largest * FLT_EPSILON))) {
            fail_msg("%s: centre element %zu: got %.9g, wanted %.9g",
                     g->file->path, i, got, wanted[i]);
        }
    }
    free(wanted);
}

/* Inertia is a sum of squares of rounded rows: twice their relative error,
 * times what centring cancels. */
static void check_golden(const char *name, bool centres, double relative)
{
    const cluster_kernels *kernels[NUMBERS_KERNELS_MAX];
    const uint32_t count = numbers_kernels(kernels);
    golden g = open_golden(name);
    const double inertia = arrays_number(g.file, "lloyd.", "inertia");

    for (uint32_t n = 0; n < count; n++) {
        cluster_workers w = numbers_workers(1, kernels[n]);
        cluster_kmeans k;

        overlapping_run(&k, &g.rows, &g.options, &w, 1);
        check_labels(&g, &k, kernels[n]->name);
        if (centres) {
            check_centres(&g, &k);
        }
        assert_int_equal(k.best.iterations,
                         (int)arrays_number(g.file, "lloyd.", "n_iter"));
        if (!(fabs(k.best.inertia - inertia) <= relative * inertia)) {
            fail_msg("%s: inertia: got %.12g, wanted %.12g", name,
                     k.best.inertia, inertia);
        }
        cluster_kmeans_close(&k);
    }
    close_golden(&g);
}

static void test_blobs(void **state)
{
    (void)state;
    check_golden("kmeans/blobs_f64", true, 4 * (double)FLT_EPSILON);
}

static void test_stopped(void **state)
{
    (void)state;
    check_golden("kmeans/cut_iter3", true, 4 * (double)FLT_EPSILON);
}

static void test_empty(void **state)
{
    (void)state;
    check_golden("kmeans/empty", true, 4 * (double)FLT_EPSILON);
}

/* scikit-learn's sums are in single precision here, 500 rows long. */
static void test_offset(void **state)
{
    (void)state;
    check_golden("kmeans/offset_f32", true, 10 * (double)FLT_EPSILON);
}

/* More clusters than distinct rows: inertia 0, each row in a cluster of its
 * equals. */
static void test_few_distinct(void **state)
{
    golden g = open_golden("kmeans/few_distinct");
    cluster_workers w = numbers_workers(1, cluster_kernels_for(UINT32_MAX));
    cluster_kmeans k;

    (void)state;
    overlapping_run(&k, &g.rows, &g.options, &w, 1);
    assert_true(k.best.inertia >= 0.0 && k.best.inertia < 1e-12);
    for (uint64_t i = 0; i < g.rows.count; i++) {
        for (uint64_t j = 0; j < i; j++) {
            const bool equal =
                memcmp(g.x + i * g.rows.width, g.x + j * g.rows.width,
                       g.rows.width * sizeof *g.x) == 0;

            assert_int_equal(equal, k.best.labels[i] == k.best.labels[j]);
        }
    }
    cluster_kmeans_close(&k);
    close_golden(&g);
}

/* ---- bits --------------------------------------------------------------- */

static void test_threads(void **state)
{
    const cluster_kernels *kernels[NUMBERS_KERNELS_MAX];
    const uint32_t count = numbers_kernels(kernels);
    cluster_rows rows = overlapping_rows();

    (void)state;
    for (uint32_t n = 0; n < count; n++) {
        cluster_workers one = numbers_workers(1, kernels[n]);
        cluster_workers five = numbers_workers(5, kernels[n]);
        cluster_kmeans a, b;

        overlapping_run(&a, &rows, &overlapping_options, &one, 2);
        overlapping_run(&b, &rows, &overlapping_options, &five, 2);
        overlapping_check_equal(&a, &b);
        cluster_kmeans_close(&a);
        cluster_kmeans_close(&b);
        numbers_close(&five);
    }
    overlapping_rows_free(&rows);
}

static void test_resumed(void **state)
{
    cluster_rows rows = overlapping_rows();
    cluster_workers w = numbers_workers(1, cluster_kernels_for(UINT32_MAX));
    host_failure f = HOST_FAILURE_UNSAID;
    cluster_kmeans a, b, whole;

    (void)state;
    overlapping_run(&whole, &rows, &overlapping_options, &w, 1);
    overlapping_begin(&a, &rows, &overlapping_options, &w);
    assert_true(cluster_kmeans_open(&b, &rows, &overlapping_options, &w, &f));
    for (uint32_t i = 0; i < 7; i++) {
        assert_true(cluster_kmeans_step(&a));
    }
    b.run = a.run;
    b.iteration = a.iteration;
    memcpy(b.centres, a.centres,
           OVERLAPPING_CLUSTERS * OVERLAPPING_WIDTH * sizeof *a.centres);
    memcpy(b.labels, a.labels, OVERLAPPING_ROWS * sizeof *a.labels);
    cluster_kmeans_resume(&b);
    while (cluster_kmeans_step(&b)) {
    }
    (void)cluster_kmeans_finish(&b);
    overlapping_check_equal(&whole, &b);
    cluster_kmeans_close(&a);
    cluster_kmeans_close(&b);
    cluster_kmeans_close(&whole);
    overlapping_rows_free(&rows);
}

/* ---- ends of the range -------------------------------------------------- */

static void test_one_cluster(void **state)
{
    cluster_rows rows = overlapping_rows();
    cluster_workers w = numbers_workers(1, cluster_kernels_for(UINT32_MAX));
    cluster_kmeans_options options = overlapping_options;
    cluster_kmeans k;
    double variance[OVERLAPPING_WIDTH], sum = 0.0;

    (void)state;
    options.clusters = 1;
    overlapping_run(&k, &rows, &options, &w, 1);
    cluster_rows_moments(&rows, &w, NULL, variance);
    for (uint32_t i = 0; i < OVERLAPPING_WIDTH; i++) {
        sum += variance[i] * OVERLAPPING_ROWS;
    }
    /* The centre, rounded to single precision, is off by at most u. */
    assert_true(fabs(k.best.inertia - sum) <= (double)FLT_EPSILON * sum);
    cluster_kmeans_close(&k);
    overlapping_rows_free(&rows);
}

/* A cluster for each row: nothing is left over. */
static void test_all_clusters(void **state)
{
    cluster_rows rows = overlapping_rows();
    cluster_workers w = numbers_workers(1, cluster_kernels_for(UINT32_MAX));
    cluster_kmeans_options options = overlapping_options;
    cluster_kmeans k;
    bool used[30] = {false};

    (void)state;
    rows.count = 30;
    options.clusters = 30;
    overlapping_run(&k, &rows, &options, &w, 1);
    assert_true(k.best.inertia < 1e-9);
    for (uint32_t i = 0; i < 30; i++) {
        assert_false(used[k.best.labels[i]]);
        used[k.best.labels[i]] = true;
    }
    cluster_kmeans_close(&k);
    overlapping_rows_free(&rows);
}

static void test_too_many(void **state)
{
    const float x[6] = {1, 2, 3, 4, 5, 6};
    const cluster_rows rows = {.values = x, .count = 3, .width = 2};
    cluster_workers w = numbers_workers(1, cluster_kernels_for(0));
    cluster_kmeans_options options = overlapping_options;
    cluster_kmeans k;
    host_failure f = HOST_FAILURE_UNSAID;

    (void)state;
    options.clusters = 4;
    assert_false(cluster_kmeans_open(&k, &rows, &options, &w, &f));
    assert_string_equal(f.text,
                        "wanted 1 to 3 clusters, one per row at most, "
                        "got 4");
}

static void test_not_finite(void **state)
{
    float x[6] = {1, 2, 3, 4, NAN, 6};
    const cluster_rows rows = {.values = x, .count = 3, .width = 2};
    cluster_workers w = numbers_workers(1, cluster_kernels_for(0));
    host_failure f = HOST_FAILURE_UNSAID;

    (void)state;
    assert_false(cluster_rows_check(&rows, &w, "F.npy", &f));
    assert_non_null(strstr(f.text, "F.npy: element [2][0] is nan; wanted"));
    x[4] = 5;
    assert_true(cluster_rows_check(&rows, &w, "F.npy", &f));
    x[5] = -INFINITY;
    assert_false(cluster_rows_check(&rows, &w, "F.npy", &f));
    assert_non_null(strstr(f.text, "[2][1] is -inf"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blobs),
        cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_offset),
        cmocka_unit_test(test_few_distinct),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_resumed),
        cmocka_unit_test(test_one_cluster),
        cmocka_unit_test(test_all_clusters),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_not_finite),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
