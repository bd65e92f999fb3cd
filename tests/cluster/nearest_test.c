/* SPDX-License-Identifier: MIT
 *
 * nearest_test.c - scores and nearest centres against double precision, also
 * where there are more centres than are looked at together. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cluster/nearest.h"
#include "tests/cluster/numbers.h"

#define ROWS 60u
#define WIDTH 768u
#define CENTRES 601u /* above two chunks of panels */

static float x[ROWS * WIDTH], centres[CENTRES * WIDTH];

/* 2 x.c - |c|^2 */
static double score(uint32_t row, uint32_t centre)
{
    double sum = 0.0;

    for (uint32_t i = 0; i < WIDTH; i++) {
        const double c = (double)centres[centre * WIDTH + i];

        sum += c * (2.0 * (double)x[row * WIDTH + i] - c);
    }
    return sum;
}

/* The two best scores of a row in double precision. */
static void best_two(uint32_t row, uint32_t *index, double *best,
                     double *second)
{
    *best = *second = -HUGE_VAL;
    for (uint32_t c = 0; c < CENTRES; c++) {
        const double s = score(row, c);

        if (s > *best) {
            *second = *best;
            *best = s;
            *index = c;
        } else if (s > *second) {
            *second = s;
        }
    }
}

/* Elements are uniform in -1..1: |c|^2 is 256, rounded twice by half a u of
 * it, and a chain's partial sums are a random walk up to 2 x.c of some 20,
 * rounded 768 times, 280 u in all by the rules of chance [HIGHAM] and thrice
 * that at worst.  Twice as many roundings in portable code; u = 2^-24. */
#define SCORE_ERROR (2.0 * (256.0 + 3.0 * 280.0) * 0x1p-24)

static void check(const cluster_kernels *kernels)
{
    const cluster_workers w = {.count = 1, .kernels = kernels};
    float *scratch = malloc(cluster_nearest_scratch(ROWS) * sizeof *scratch);
    cluster_nearest found[ROWS];
    host_failure f = HOST_FAILURE_UNSAID;
    cluster_centres c;

    assert_non_null(scratch);
    assert_true(cluster_centres_open(&c, CENTRES, WIDTH, &f));
    cluster_centres_set(&c, centres, &w);
    cluster_nearest_find(&c, kernels, x, ROWS, scratch, found);
    for (uint32_t row = 0; row < ROWS; row++) {
        uint32_t index = 0;
        double best, second;

        best_two(row, &index, &best, &second);
        if (best - second > 2.0 * SCORE_ERROR) {
            assert_int_equal(found[row].index, index);
        }
        if (!(fabs((double)found[row].score - best) <= SCORE_ERROR &&
              fabs((double)found[row].second - second) <= SCORE_ERROR)) {
            fail_msg("%s: row %u: scores %.9g, %.9g, wanted %.9g, %.9g",
                     kernels->name, row, (double)found[row].score,
                     (double)found[row].second, best, second);
        }
        assert_true(cluster_score_error(&c, 16.0f) >= (float)SCORE_ERROR);
    }
    cluster_centres_close(&c);
    free(scratch);
}

static void test_scores(void **state)
{
    const cluster_kernels *kernels[NUMBERS_KERNELS_MAX];
    const uint32_t count = numbers_kernels(kernels);

    (void)state;
    numbers_fill(x, ROWS * WIDTH, 1);
    numbers_fill(centres, CENTRES * WIDTH, 2);
    for (uint32_t n = 0; n < count; n++) {
        check(kernels[n]);
    }
}

/* Of equal centres the first is the nearest, and the runner-up as near. */
static void test_equal(void **state)
{
    const cluster_kernels *kernels[NUMBERS_KERNELS_MAX];
    const uint32_t count = numbers_kernels(kernels);
    const float same[4 * 2] = {5, 5, 1, 2, 1, 2, 1, 2};
    const float row[2] = {1, 1};
    int32_t label;

    (void)state;
    for (uint32_t n = 0; n < count; n++) {
        const cluster_workers w = {.count = 1, .kernels = kernels[n]};
        const cluster_rows rows = {.values = row, .count = 1, .width = 2};
        host_failure f = HOST_FAILURE_UNSAID;

        assert_true(cluster_assign_nearest(&rows, same, 4, &w, &label, &f));
        assert_int_equal(label, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scores),
        cmocka_unit_test(test_equal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
