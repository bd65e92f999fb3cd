/* SPDX-License-Identifier: MIT
 *
 * moments_test.c - mean and covariance from rows as they come: against sums
 * in long doubles, with any cuts and any number of threads. */
#include "evaluate/decomposition.h"
#include "evaluate/statistics.h"
#include "tests/evaluate/evaluate_fixture.h"

/* More than two tiles of columns and than two blocks of rows. */
#define ROWS 1301u
#define WIDTH 521u

static evaluate_statistics of_all(const cg_array *array)
{
    evaluate_selection rows = evaluate_select_all(array);
    evaluate_statistics s;
    host_failure f = HOST_FAILURE_UNSAID;
    if (!evaluate_statistics_of_rows(&s, &rows, &alone, &f)) {
        fail_msg("%s", f.text);
    }
    return s;
}

static long double mean_of(const double *x, uint64_t column)
{
    long double sum = 0;
    for (uint64_t i = 0; i < ROWS; i++) {
        sum += (long double)x[i * WIDTH + column];
    }
    return sum / ROWS;
}

static double covariance_of(const double *x, uint64_t a, uint64_t b)
{
    long double mean_a = mean_of(x, a), mean_b = mean_of(x, b), sum = 0;
    for (uint64_t i = 0; i < ROWS; i++) {
        sum += ((long double)x[i * WIDTH + a] - mean_a) *
               ((long double)x[i * WIDTH + b] - mean_b);
    }
    return (double)(sum / (ROWS - 1));
}

/* Means from 1 to 1e9 beside deviations of 1: without a point to sum about,
 * 18 of the 16 digits would be lost.  The tolerance is that of 1301 rounded
 * products. */
static void large_means_cancel_nothing(void **state)
{
    (void)state;
    double *x = random_rows(7, ROWS, WIDTH);
    for (uint64_t i = 0; i < ROWS; i++) {
        for (uint64_t k = 0; k < WIDTH; k++) {
            x[i * WIDTH + k] += pow(10, (double)(k % 10));
        }
    }
    cg_array a = features_of(x, ROWS, WIDTH);
    evaluate_statistics s = of_all(&a);
    assert_int_equal(s.width, WIDTH);
    for (uint64_t k = 0; k < WIDTH; k += 13) {
        double mean = (double)mean_of(x, k);
        check_near("mean", s.mean[k], mean, 4 * 0x1p-52 * fabs(mean));
        for (uint64_t o = 0; o < WIDTH; o += 40) {
            check_near("covariance", s.covariance[k * WIDTH + o],
                       covariance_of(x, k, o), ROWS * 0x1p-53);
        }
    }
    evaluate_statistics_free(&s);
    free(x);
}

static void covariances_are_symmetric(void **state)
{
    (void)state;
    double *x = random_rows(8, ROWS, WIDTH);
    cg_array a = features_of(x, ROWS, WIDTH);
    evaluate_statistics s = of_all(&a);
    for (uint64_t i = 0; i < WIDTH; i++) {
        for (uint64_t k = 0; k < i; k++) {
            check_bits("symmetry", s.covariance[i * WIDTH + k],
                       s.covariance[k * WIDTH + i]);
        }
    }
    evaluate_statistics_free(&s);
    free(x);
}

static void constant_features_have_no_variance(void **state)
{
    (void)state;
    static double x[600 * 3];
    for (uint64_t i = 0; i < 600; i++) {
        x[3 * i] = 0.1;
        x[3 * i + 1] = (double)i;
        x[3 * i + 2] = -1e300;
    }
    cg_array a = features_of(x, 600, 3);
    evaluate_statistics s = of_all(&a);
    for (uint64_t k = 0; k < 3; k += 2) {
        check_bits("mean", s.mean[k], x[k]);
        for (uint64_t o = 0; o < 3; o++) {
            check_near("covariance", s.covariance[3 * k + o], 0, 0);
        }
    }
    /* of 0 .. n - 1: n (n + 1) / 12 */
    check_near("variance", s.covariance[4], 600.0 * 601 / 12, 1e-9);
    evaluate_statistics_free(&s);
}

/* The bits do not depend on how many rows come at a time. */
static void rows_may_come_in_any_portions(void **state)
{
    (void)state;
    double *x = random_rows(9, ROWS, 33);
    cg_array a = features_of(x, ROWS, 33);
    evaluate_statistics whole = of_all(&a), s;
    uint64_t index[ROWS];
    for (uint64_t portion = 1; portion < ROWS; portion = portion * 5 + 2) {
        host_failure f = HOST_FAILURE_UNSAID;
        evaluate_moments *m = evaluate_moments_new(33, &alone, &f);
        assert_non_null(m);
        for (uint64_t i = 0; i < ROWS; i += portion) {
            uint64_t n = ROWS - i < portion ? ROWS - i : portion;
            for (uint64_t k = 0; k < n; k++) {
                index[k] = i + k;
            }
            evaluate_selection rows = {&a, index, n};
            evaluate_moments_add(m, &rows);
        }
        assert_true(evaluate_moments_end(m, &s, &f));
        assert_memory_equal(s.mean, whole.mean, 33 * sizeof(double));
        assert_memory_equal(s.covariance, whole.covariance,
                            sizeof(double[33][33]));
        evaluate_statistics_free(&s);
    }
    evaluate_statistics_free(&whole);
    free(x);
}

static double sum_of_bits(const evaluate_threads *threads)
{
    double *x = random_rows(10, ROWS, WIDTH), sum = 0;
    cg_array a = features_of(x, ROWS, WIDTH);
    evaluate_selection rows = evaluate_select_all(&a);
    evaluate_statistics s;
    host_failure f = HOST_FAILURE_UNSAID;
    assert_true(evaluate_statistics_of_rows(&s, &rows, threads, &f));
    for (uint64_t i = 0; i < WIDTH * WIDTH; i++) {
        sum = sum * 0.9 + s.covariance[i];
    }
    evaluate_statistics_free(&s);
    free(x);
    return sum;
}

static void any_number_of_threads_gives_the_same_bits(void **state)
{
    (void)state;
    check_threads("covariance", sum_of_bits);
}

static void too_few_and_too_wide_are_refused(void **state)
{
    (void)state;
    double x[4] = {1, 2, 3, 4};
    host_failure f = HOST_FAILURE_UNSAID;
    cg_array a = features_of(x, 1, 4);
    evaluate_selection rows = evaluate_select_all(&a);
    evaluate_statistics s;
    assert_false(evaluate_statistics_of_rows(&s, &rows, &alone, &f));
    assert_non_null(strstr(f.text, "at least two rows"));
    assert_null(s.mean);
    assert_null(evaluate_moments_new(EVALUATE_SYMMETRIC_MAX + 1, &alone, &f));
    assert_non_null(strstr(f.text, "at most 16384"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(large_means_cancel_nothing),
        cmocka_unit_test(covariances_are_symmetric),
        cmocka_unit_test(constant_features_have_no_variance),
        cmocka_unit_test(rows_may_come_in_any_portions),
        cmocka_unit_test(any_number_of_threads_gives_the_same_bits),
        cmocka_unit_test(too_few_and_too_wide_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
