/* SPDX-License-Identifier: MIT
 *
 * overlapping.c - k-means of blobs that overlap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/cluster/numbers.h"
#include "tests/cluster/overlapping.h"

cluster_rows overlapping_rows(void)
{
    float *x = malloc(OVERLAPPING_ROWS * OVERLAPPING_WIDTH * sizeof *x);

    assert_non_null(x);
    numbers_fill(x, OVERLAPPING_ROWS * OVERLAPPING_WIDTH, 5);
    for (uint32_t i = 0; i < OVERLAPPING_ROWS; i++) {
        float where[OVERLAPPING_WIDTH];

        numbers_fill(where, OVERLAPPING_WIDTH, 100 + i % 60);
        for (uint32_t c = 0; c < OVERLAPPING_WIDTH; c++) {
            x[i * OVERLAPPING_WIDTH + c] += 1.5f * where[c] + 10.0f;
        }
    }
    return (cluster_rows){
        .values = x, .count = OVERLAPPING_ROWS, .width = OVERLAPPING_WIDTH};
}

void overlapping_rows_free(cluster_rows *rows)
{
    free((void *)(uintptr_t)rows->values);
    *rows = (cluster_rows){0};
}

const cluster_kmeans_options overlapping_options = {
    .clusters = OVERLAPPING_CLUSTERS,
    .iterations = 100,
    .tolerance = 0.0,
    .seed = 3,
};

void overlapping_begin(cluster_kmeans *k, const cluster_rows *rows,
                       const cluster_kmeans_options *options,
                       const cluster_workers *workers)
{
    host_failure f = HOST_FAILURE_UNSAID;

    if (!cluster_kmeans_open(k, rows, options, workers, &f) ||
        !cluster_kmeans_begin(k, 0, &f)) {
        fail_msg("%s", f.text);
    }
}

void overlapping_run(cluster_kmeans *k, const cluster_rows *rows,
                     const cluster_kmeans_options *options,
                     const cluster_workers *workers, uint32_t runs)
{
    host_failure f = HOST_FAILURE_UNSAID;

    if (!cluster_kmeans_open(k, rows, options, workers, &f)) {
        fail_msg("%s", f.text);
    }
    for (uint32_t i = 0; i < runs; i++) {
        assert_true(cluster_kmeans_begin(k, i, &f));
        while (cluster_kmeans_step(k)) {
        }
        (void)cluster_kmeans_finish(k);
    }
}

void overlapping_check_equal(const cluster_kmeans *a, const cluster_kmeans *b)
{
    assert_int_equal(a->best.iterations, b->best.iterations);
    assert_int_equal(a->best.run, b->best.run);
    assert_true(a->best.inertia == b->best.inertia);
    assert_memory_equal(a->best.labels, b->best.labels,
                        OVERLAPPING_ROWS * sizeof *a->best.labels);
    assert_memory_equal(a->best.centres, b->best.centres,
                        OVERLAPPING_CLUSTERS * OVERLAPPING_WIDTH *
                            sizeof *a->best.centres);
}
