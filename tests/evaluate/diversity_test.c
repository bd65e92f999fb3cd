/* SPDX-License-Identifier: MIT
 *
 * diversity_test.c - inception score and Vendi score against golden values
 * and sets of which the answer is known. */
#include "evaluate/inception_score.h"
#include "evaluate/spread.h"
#include "evaluate/vendi.h"
#include "tests/evaluate/evaluate_fixture.h"

/* ---- inception score ---------------------------------------------------- */

static void golden_inception_score(void **state)
{
    (void)state;
    cg_file *file = golden("is_vendi");
    const cg_array *wanted = array_of(file, "is_splits");
    const cg_array *both = array_of(file, "is_mean_std");
    evaluate_selection rows = rows_of(file, "probs");
    double scores[5];
    host_failure f = HOST_FAILURE_UNSAID;
    assert_true(evaluate_inception_score(&rows, 5, &alone, scores, "x", &f));
    for (uint64_t i = 0; i < 5; i++) {
        check_near("split", scores[i], cg_element(wanted, i), 1e-12);
    }
    evaluate_spread spread = evaluate_spread_of(scores, 5);
    check_near("mean", spread.mean, cg_element(both, 0), 1e-12);
    check_near("deviation", spread.deviation, cg_element(both, 1), 1e-12);
    cg_close(file);
}

/* Sure of each image, 4 classes equally often: 4.  Never sure: 1. */
static void sure_and_unsure_classifiers(void **state)
{
    (void)state;
    double sure[12 * 4] = {0}, unsure[12 * 4], score[2];
    for (size_t i = 0; i < 12; i++) {
        sure[4 * i + i % 4] = 1;
        for (size_t k = 0; k < 4; k++) {
            unsure[4 * i + k] = 0.25;
        }
    }
    cg_array a = features_of(sure, 12, 4), b = features_of(unsure, 12, 4);
    evaluate_selection s = evaluate_select_all(&a),
                       t = evaluate_select_all(&b);
    host_failure f = HOST_FAILURE_UNSAID;
    assert_true(evaluate_inception_score(&s, 2, &alone, score, "x", &f));
    check_near("6 of 4 classes", score[0],
               exp(4 / 6.0 * log(3) + 2 / 6.0 * log(6)), 1e-13);
    assert_true(evaluate_inception_score(&s, 1, &alone, score, "x", &f));
    check_near("sure", score[0], 4, 1e-13);
    assert_true(evaluate_inception_score(&t, 1, &alone, score, "x", &f));
    check_near("unsure", score[0], 1, 1e-13);
}

/* 7 rows in 3 runs of 2: the last row is left out. */
static void a_remainder_is_left_out(void **state)
{
    (void)state;
    double x[14] = {1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 0.5, 0.5}, score[3];
    cg_array a = features_of(x, 7, 2);
    evaluate_selection rows = evaluate_select_all(&a);
    host_failure f = HOST_FAILURE_UNSAID;
    assert_true(evaluate_inception_score(&rows, 3, &alone, score, "x", &f));
    for (size_t i = 0; i < 3; i++) {
        check_near("run", score[i], 2, 1e-14);
    }
}

static void only_distributions_are_scored(void **state)
{
    (void)state;
    double x[6] = {0.5, 0.5, 0.5, 0.48, 1, 0}, y[6] = {1, 0, 1, 0, 1.1, -0.1};
    double score[1];
    cg_array a = features_of(x, 3, 2), b = features_of(y, 3, 2);
    evaluate_selection s = evaluate_select_all(&a),
                       t = evaluate_select_all(&b);
    host_failure f = HOST_FAILURE_UNSAID;
    assert_false(evaluate_inception_score(&s, 1, &alone, score, "x.npy", &f));
    assert_non_null(strstr(f.text, "x.npy: row 1 is no distribution"));
    assert_false(evaluate_inception_score(&t, 1, &alone, score, "x.npy", &f));
    assert_non_null(strstr(f.text, "x.npy: row 2 is no distribution"));
}

/* ---- Vendi score -------------------------------------------------------- */

static double vendi_of(const double *values, uint64_t rows, uint64_t width,
                       const evaluate_threads *threads)
{
    cg_array a = features_of(values, rows, width);
    evaluate_selection s = evaluate_select_all(&a);
    double score;
    host_failure f = HOST_FAILURE_UNSAID;
    if (!evaluate_vendi(&s, threads, &score, "x", &f)) {
        fail_msg("%s", f.text);
    }
    return score;
}

static void golden_vendi(void **state)
{
    (void)state;
    cg_file *file = golden("is_vendi");
    evaluate_selection rows = rows_of(file, "features");
    double score;
    host_failure f = HOST_FAILURE_UNSAID;
    assert_true(evaluate_vendi(&rows, &alone, &score, "x", &f));
    check_near("vendi", score, number_of(file, "vendi"), 1e-12);
    cg_close(file);
}

/* m directions at right angles, each as often as the others, of any length:
 * m; fewer rows than features and more. */
static void directions_are_counted(void **state)
{
    (void)state;
    for (size_t m = 1; m <= 6; m++) {
        static double x[12 * 1200];
        memset(x, 0, sizeof x);
        for (size_t i = 0; i < 1200; i++) {
            x[12 * i + i % m] = i % 2 == 0 ? 1 + (double)i : -0.1;
        }
        check_near("many rows", vendi_of(x, 1200 / m * m, 12, &alone),
                   (double)m, 1e-12 * (double)m);
        check_near("few rows", vendi_of(x, m, 12, &alone), (double)m, 1e-12);
    }
}

/* The two products of a matrix with itself have the same eigenvalues: rows
 * that come three times change the product, not the score. */
static void repeated_rows_are_worth_nothing(void **state)
{
    (void)state;
    double *x = random_rows(1, 3 * 20, 30);
    memcpy(x + 20 * 30, x, 20 * 30 * sizeof *x);
    memcpy(x + 40 * 30, x, 20 * 30 * sizeof *x);
    double once = vendi_of(x, 20, 30, &alone);
    check_near("thrice", vendi_of(x, 60, 30, &alone), once, 1e-12 * once);
    free(x);
}

static void a_row_of_zeros_is_refused(void **state)
{
    (void)state;
    double x[6] = {1, 2, 0, 0, 3, 4}, score;
    cg_array a = features_of(x, 3, 2);
    evaluate_selection rows = evaluate_select_all(&a);
    host_failure f = HOST_FAILURE_UNSAID;
    assert_false(evaluate_vendi(&rows, &alone, &score, "x.npy", &f));
    assert_non_null(strstr(f.text, "x.npy: row 1 is all zeros"));
}

static double both_products(const evaluate_threads *threads)
{
    double *x = random_rows(2, 700, 300);
    double sum = vendi_of(x, 700, 300, threads);
    sum += vendi_of(x, 300, 700, threads);
    free(x);
    return sum;
}

static void any_number_of_threads_gives_the_same_bits(void **state)
{
    (void)state;
    check_threads("score", both_products);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_inception_score),
        cmocka_unit_test(sure_and_unsure_classifiers),
        cmocka_unit_test(a_remainder_is_left_out),
        cmocka_unit_test(only_distributions_are_scored),
        cmocka_unit_test(golden_vendi),
        cmocka_unit_test(directions_are_counted),
        cmocka_unit_test(repeated_rows_are_worth_nothing),
        cmocka_unit_test(a_row_of_zeros_is_refused),
        cmocka_unit_test(any_number_of_threads_gives_the_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
