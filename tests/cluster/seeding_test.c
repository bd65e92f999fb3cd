/* SPDX-License-Identifier: MIT
 *
 * seeding_test.c - what is drawn at random, by its statistics over seeds
 * against those of scikit-learn: k-means++, its runs, small batches.
 *
 * Means are compared within four standard errors of their difference: one
 * correct program in 16,000 fails, and ours draws the same each time. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/cluster/arrays.h"
#include "cluster/minibatch.h"
#include "tests/cluster/numbers.h"

#define SEEDS 100u

typedef struct band {
    cg_file *file;
    float *x;
    cluster_rows rows;
    cluster_workers workers;
    cluster_kmeans_options options;
} band;

static band open_band(void)
{
    band b = {.file = arrays_open("kmeans/plusplus_band"),
              .options = cluster_kmeans_options_default()};

    b.x = arrays_floats(b.file, "", "X");
    b.rows.values = b.x;
    b.rows.count = arrays_extent(b.file, "X", 0);
    b.rows.width = (uint32_t)arrays_extent(b.file, "X", 1);
    b.options.clusters = (uint32_t)arrays_parameter(b.file, "K");
    b.workers = numbers_workers(1, cluster_kernels_for(UINT32_MAX));
    return b;
}

static void close_band(band *b)
{
    free(b->x);
    cg_close(b->file);
}

static void moments(const double *x, uint64_t n, double *mean,
                    double *variance)
{
    *mean = *variance = 0.0;
    for (uint64_t i = 0; i < n; i++) {
        *mean += x[i] / (double)n;
    }
    for (uint64_t i = 0; i < n; i++) {
        *variance += (x[i] - *mean) * (x[i] - *mean) / (double)n;
    }
}

/* Ours and the golden ones called `name` have one mean. */
static void check_mean(const band *b, const char *name, const double *got,
                       uint64_t count)
{
    const uint64_t wanted_count = arrays_extent(b->file, name, 0);
    double *wanted = arrays_doubles(b->file, "", name);
    double mean, variance, wanted_mean, wanted_variance, error;

    moments(got, count, &mean, &variance);
    moments(wanted, wanted_count, &wanted_mean, &wanted_variance);
    error = sqrt(wanted_variance / (double)wanted_count +
                 wanted_variance / (double)count);
    if (!(fabs(mean - wanted_mean) <= 4.0 * error)) {
        fail_msg("%s: mean %g, wanted %g +- %g", name, mean, wanted_mean,
                 error);
    }
    free(wanted);
}

static void test_potential(void **state)
{
    band b = open_band();
    double potential[SEEDS];

    (void)state;
    for (uint32_t seed = 0; seed < SEEDS; seed++) {
        host_failure f = HOST_FAILURE_UNSAID;
        cluster_kmeans k;

        b.options.seed = seed;
        b.options.iterations = 1;
        assert_true(
            cluster_kmeans_open(&k, &b.rows, &b.options, &b.workers, &f));
        assert_true(cluster_kmeans_begin(&k, 0, &f));
        potential[seed] = cluster_kmeans_finish(&k);
        cluster_kmeans_close(&k);
    }
    check_mean(&b, "kpp_init_potential", potential, SEEDS);
    close_band(&b);
}

/* Inertia of the best of `runs`. */
static double best_of(band *b, uint32_t runs, uint32_t seed)
{
    host_failure f = HOST_FAILURE_UNSAID;
    cluster_kmeans k;
    double inertia;

    b->options.seed = seed;
    assert_true(
        cluster_kmeans_open(&k, &b->rows, &b->options, &b->workers, &f));
    for (uint32_t run = 0; run < runs; run++) {
        assert_true(cluster_kmeans_begin(&k, run, &f));
        while (cluster_kmeans_step(&k)) {
        }
        (void)cluster_kmeans_finish(&k);
    }
    inertia = k.best.inertia;
    cluster_kmeans_close(&k);
    return inertia;
}

static void test_runs(void **state)
{
    band b = open_band();
    double inertia[SEEDS];

    (void)state;
    for (uint32_t seed = 0; seed < SEEDS; seed++) {
        inertia[seed] = best_of(&b, 1, seed);
    }
    check_mean(&b, "kpp_final_inertia", inertia, SEEDS);
    b.options.seeding = CLUSTER_SEEDING_random;
    for (uint32_t seed = 0; seed < SEEDS; seed++) {
        inertia[seed] = best_of(&b, 1, seed);
    }
    check_mean(&b, "random_init", inertia, SEEDS);
    close_band(&b);
}

/* One run in seven of scikit-learn's ends in the optimum, so ten find it in
 * four cases of five: of 16 fewer than 8 do once in 200 trials.  The next
 * optimum is 1.3 % worse; where a run stops beside its own varies by 1e-4. */
static void test_best_of_ten(void **state)
{
    band b = open_band();
    double *wanted = arrays_doubles(b.file, "", "best_of_10");
    uint32_t found = 0;

    (void)state;
    for (uint32_t seed = 0; seed < 16; seed++) {
        const double got = best_of(&b, 10, seed);

        assert_true(got >= wanted[0] * 0.999);
        found += got <= wanted[0] * 1.001;
    }
    assert_true(found >= 8);
    free(wanted);
    close_band(&b);
}

/* ---- small batches ------------------------------------------------------ */

static double in_batches(band *b, uint32_t seed, uint32_t runs,
                         const cluster_workers *workers, int32_t *labels)
{
    host_failure f = HOST_FAILURE_UNSAID;
    cluster_kmeans k;
    cluster_minibatch m;
    double inertia;

    b->options.seed = seed;
    b->options.iterations = 100;
    assert_true(cluster_kmeans_open(&k, &b->rows, &b->options, workers, &f));
    assert_true(cluster_minibatch_open(&m, &k, 256, &f));
    assert_true(cluster_minibatch_begin(&m, runs, &f));
    while (cluster_minibatch_step(&m)) {
    }
    inertia = cluster_kmeans_finish(&k);
    if (labels != NULL) {
        memcpy(labels, k.labels, b->rows.count * sizeof *labels);
    }
    cluster_minibatch_close(&m);
    cluster_kmeans_close(&k);
    return inertia;
}

static void test_batches(void **state)
{
    band b = open_band();
    double inertia[SEEDS];

    (void)state;
    for (uint32_t seed = 0; seed < SEEDS; seed++) {
        inertia[seed] = in_batches(&b, seed, 3, &b.workers, NULL);
    }
    check_mean(&b, "minibatch256", inertia, SEEDS);
    close_band(&b);
}

/* A centre out of all rows' reach is placed on one of them, and a run ends
 * after ten steps without a lower inertia. */
static void test_batches_replace(void **state)
{
    band b = open_band();
    const size_t elements = (size_t)b.options.clusters * b.rows.width;
    float *given = malloc(elements * sizeof *given);
    host_failure f = HOST_FAILURE_UNSAID;
    cluster_kmeans k;
    cluster_minibatch m;

    (void)state;
    memcpy(given, b.x, elements * sizeof *given);
    for (uint32_t c = 0; c < b.rows.width; c++) {
        given[3 * b.rows.width + c] = 1e4f;
    }
    b.options.seeding = CLUSTER_SEEDING_given;
    b.options.given = given;
    b.options.iterations = 100;
    assert_true(cluster_kmeans_open(&k, &b.rows, &b.options, &b.workers, &f));
    assert_true(cluster_minibatch_open(&m, &k, 256, &f));
    assert_true(cluster_minibatch_begin(&m, 1, &f));
    while (cluster_minibatch_step(&m)) {
    }
    (void)cluster_kmeans_finish(&k);
    assert_int_equal(m.state.worse, 10);
    assert_true(m.state.step < 100 * b.rows.count / 256);
    bool used = false;

    for (uint64_t i = 0; i < b.rows.count; i++) {
        used = used || k.labels[i] == 3;
    }
    assert_true(used);
    cluster_minibatch_close(&m);
    cluster_kmeans_close(&k);
    free(given);
    close_band(&b);
}

static void test_batches_threads(void **state)
{
    band b = open_band();
    cluster_workers four = numbers_workers(4, b.workers.kernels);
    int32_t *one = malloc(b.rows.count * sizeof *one);
    int32_t *other = malloc(b.rows.count * sizeof *other);

    (void)state;
    assert_true(in_batches(&b, 1, 1, &b.workers, one) ==
                in_batches(&b, 1, 1, &four, other));
    assert_memory_equal(one, other, b.rows.count * sizeof *one);
    free(one);
    free(other);
    numbers_close(&four);
    close_band(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_potential),
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_best_of_ten),
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_batches_replace),
        cmocka_unit_test(test_batches_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
