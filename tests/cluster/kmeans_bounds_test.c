/* SPDX-License-Identifier: MIT
 *
 * kmeans_bounds_test.c - bounds that let k-means skip rows: they hold, they
 * skip some, and they change no bit. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cluster/kmeans_parts.h"
#include "tests/cluster/numbers.h"
#include "tests/cluster/overlapping.h"

/* A run whose bounds are forgotten before every step looks at all rows. */
static void test_bounds(void **state)
{
    const cluster_kernels *kernels[NUMBERS_KERNELS_MAX];
    const uint32_t count = numbers_kernels(kernels);
    cluster_rows rows = overlapping_rows();

    (void)state;
    for (uint32_t n = 0; n < count; n++) {
        cluster_workers w = numbers_workers(1, kernels[n]);
        cluster_kmeans a, b;

        overlapping_run(&a, &rows, &overlapping_options, &w, 1);
        assert_true(a.best.iterations > 10);
        overlapping_begin(&b, &rows, &overlapping_options, &w);
        while (cluster_kmeans_step(&b)) {
            cluster_kmeans_unbound(&b);
        }
        (void)cluster_kmeans_finish(&b);
        overlapping_check_equal(&a, &b);
        cluster_kmeans_close(&a);
        cluster_kmeans_close(&b);
    }
    overlapping_rows_free(&rows);
}

static double distance(const float *x, const float *centre)
{
    double square = 0.0;

    for (uint32_t c = 0; c < OVERLAPPING_WIDTH; c++) {
        const double difference = (double)x[c] - (double)centre[c];

        square += difference * difference;
    }
    return sqrt(square);
}

/* Every bound is on its side of the distance that it bounds. */
static void check_bounds(const cluster_kmeans *k)
{
    for (uint32_t i = 0; i < OVERLAPPING_ROWS; i++) {
        float x[OVERLAPPING_WIDTH];

        cluster_rows_load(&k->rows, i, 1, x);
        for (uint32_t c = 0; c < OVERLAPPING_CLUSTERS; c++) {
            const double true_one =
                distance(x, k->centres + c * OVERLAPPING_WIDTH);

            if (c == (uint32_t)k->labels[i]) {
                assert_true((double)k->upper[i] >= true_one);
            } else {
                assert_true((double)k->lower[i] <= true_one);
            }
        }
    }
}

static void test_bounds_hold(void **state)
{
    cluster_rows rows = overlapping_rows();
    cluster_workers w = numbers_workers(1, cluster_kernels_for(UINT32_MAX));
    cluster_kmeans k;

    (void)state;
    overlapping_begin(&k, &rows, &overlapping_options, &w);
    for (uint32_t i = 0; i < 15; i++) {
        cluster_kmeans_assign(&k);
        check_bounds(&k);
        (void)cluster_kmeans_sum(&k);
        (void)cluster_kmeans_move(&k);
    }
    cluster_kmeans_close(&k);
    overlapping_rows_free(&rows);
}

/* Some rows are skipped, or bounds were for nothing. */
static void test_bounds_skip(void **state)
{
    cluster_rows rows = overlapping_rows();
    cluster_workers w = numbers_workers(1, cluster_kernels_for(UINT32_MAX));
    cluster_kmeans k;
    uint32_t kept = 0;

    (void)state;
    overlapping_begin(&k, &rows, &overlapping_options, &w);
    for (uint32_t i = 0; i < 20; i++) {
        (void)cluster_kmeans_step(&k);
    }
    memcpy(k.distances, k.lower, OVERLAPPING_ROWS * sizeof *k.lower);
    (void)cluster_kmeans_step(&k);
    for (uint32_t i = 0; i < OVERLAPPING_ROWS; i++) {
        kept += k.lower[i] < k.distances[i]; /* only loosened */
    }
    assert_true(kept > OVERLAPPING_ROWS / 10);
    cluster_kmeans_close(&k);
    overlapping_rows_free(&rows);
}

/* ---- rounding errors ---------------------------------------------------- */

#define FAR 1000.0f

/* Two groups far from their mean; the first half of the rows lie almost in
 * the middle between two centres, nearer to either by less than a score's
 * rounding errors. */
static void place_rows(float *x, float *centres)
{
    const size_t half = OVERLAPPING_ROWS / 2 * OVERLAPPING_WIDTH;

    numbers_fill(x, 2 * half, 7);
    numbers_fill(centres, 3 * OVERLAPPING_WIDTH, 8);
    for (size_t i = 0; i < 2 * half; i++) {
        x[i] += -FAR;
    }
    for (uint32_t c = 0; c < OVERLAPPING_WIDTH; c++) {
        centres[c] += FAR;
        centres[OVERLAPPING_WIDTH + c] += FAR;
        centres[2 * OVERLAPPING_WIDTH + c] += -FAR;
    }
    for (size_t i = 0; i < half; i++) {
        const size_t c = i % OVERLAPPING_WIDTH;
        const float one = centres[c], other = centres[OVERLAPPING_WIDTH + c];
        const float share =
            0.5f +
            1e-3f * (float)(numbers_uniform(9, i / OVERLAPPING_WIDTH) - 0.5);

        x[i] = one + share * (other - one);
    }
}

/* Labels by the true distances, and bounds that could not be closer. */
static void set_true_bounds(cluster_kmeans *k)
{
    for (uint32_t i = 0; i < OVERLAPPING_ROWS; i++) {
        float x[OVERLAPPING_WIDTH];
        double to[3];
        uint32_t own = 0;

        cluster_rows_load(&k->rows, i, 1, x);
        for (uint32_t c = 0; c < 3; c++) {
            to[c] = distance(x, k->centres + c * OVERLAPPING_WIDTH);
            own = to[c] < to[own] ? c : own;
        }
        k->labels[i] = (int32_t)own;
        k->upper[i] = nextafterf((float)to[own], INFINITY);
        to[own] = (double)INFINITY;
        k->lower[i] =
            nextafterf((float)fmin(to[0], fmin(to[1], to[2])), 0.0f);
    }
}

/* Where scores and distances disagree, scores decide: no bound, true as it may
 * be, keeps a label that scores would change. */
static void test_rounding(void **state)
{
    float *x =
        malloc((size_t)OVERLAPPING_ROWS * OVERLAPPING_WIDTH * sizeof *x);
    float centres[3 * OVERLAPPING_WIDTH];
    const cluster_rows rows = {
        .values = x, .count = OVERLAPPING_ROWS, .width = OVERLAPPING_WIDTH};
    const cluster_kmeans_options options = {.clusters = 3,
                                            .iterations = 1,
                                            .seeding = CLUSTER_SEEDING_given,
                                            .given = centres};
    cluster_workers w = numbers_workers(1, cluster_kernels_for(UINT32_MAX));
    int32_t by_scores[OVERLAPPING_ROWS], by_distance[OVERLAPPING_ROWS];
    cluster_kmeans k;

    (void)state;
    assert_non_null(x);
    place_rows(x, centres);
    overlapping_begin(&k, &rows, &options, &w);
    cluster_kmeans_assign(&k);
    memcpy(by_scores, k.labels, sizeof by_scores);
    set_true_bounds(&k);
    memcpy(by_distance, k.labels, sizeof by_distance);
    assert_memory_not_equal(by_scores, by_distance, sizeof by_scores);
    cluster_kmeans_assign(&k);
    assert_memory_equal(by_scores, k.labels, sizeof by_scores);
    cluster_kmeans_close(&k);
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_bounds_hold),
        cmocka_unit_test(test_bounds_skip),
        cmocka_unit_test(test_rounding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
