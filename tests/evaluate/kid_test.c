/* SPDX-License-Identifier: MIT
 *
 * kid_test.c - the kernel distance against golden values and the definition. */
#include "evaluate/kid.h"
#include "evaluate/spread.h"
#include "tests/evaluate/evaluate_fixture.h"

#define SUBSETS 8u
#define SIZE 60u

static void take_subsets(const cg_file *file, const char *name,
                         const char *index_name,
                         uint64_t index[SUBSETS * SIZE],
                         evaluate_selection subsets[SUBSETS])
{
    const cg_array *golden_index = array_of(file, index_name);
    assert_int_equal(golden_index->elements, SUBSETS * SIZE);
    for (uint32_t i = 0; i < SUBSETS * SIZE; i++) {
        index[i] = (uint64_t)cg_element(golden_index, i);
    }
    for (uint32_t i = 0; i < SUBSETS; i++) {
        subsets[i] = (evaluate_selection){array_of(file, name),
                                          index + i * SIZE, SIZE};
    }
}

/* Kernels are of the order of 1, sums of 3600 of them: 1e-12. */
static void goldens(void **state)
{
    (void)state;
    static uint64_t index[2][SUBSETS * SIZE];
    evaluate_selection x[SUBSETS], y[SUBSETS];
    double estimates[SUBSETS], all;
    cg_file *file = golden("kid");
    host_failure f = HOST_FAILURE_UNSAID;
    take_subsets(file, "X", "idx_x", index[0], x);
    take_subsets(file, "Y", "idx_y", index[1], y);
    assert_true(evaluate_kid(x, y, SUBSETS, &alone, estimates, &f));
    for (uint32_t i = 0; i < SUBSETS; i++) {
        check_near("subset", estimates[i],
                   cg_element(array_of(file, "subset_mmd2"), i), 1e-12);
    }
    evaluate_spread spread = evaluate_spread_of(estimates, SUBSETS);
    check_near("mean", spread.mean, number_of(file, "mean"), 1e-12);
    check_near("deviation", spread.deviation,
               number_of(file, "std_population"), 1e-12);
    evaluate_selection whole_x = rows_of(file, "X");
    evaluate_selection whole_y = rows_of(file, "Y");
    assert_true(evaluate_kid(&whole_x, &whole_y, 1, &alone, &all, &f));
    check_near("all", all, number_of(file, "all_pairs_unbiased"), 1e-12);
    cg_close(file);
}

/* ---- the definition, over several tiles --------------------------------- */

#define N 300u
#define M 530u
#define WIDTH 7u

static double kernel(const double *x, const double *y)
{
    double sum = 0;
    for (uint32_t k = 0; k < WIDTH; k++) {
        sum += x[k] * y[k];
    }
    return pow(sum / WIDTH + 1, 3);
}

static double mean_kernel(const double *x, uint32_t n, const double *y,
                          uint32_t m)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k < m; k++) {
            sum +=
                x == y && i == k ? 0 : kernel(x + i * WIDTH, y + k * WIDTH);
        }
    }
    return sum / n / (x == y ? m - 1 : m);
}

static double of_random_sets(const evaluate_threads *threads)
{
    double *x = random_rows(1, N, WIDTH), *y = random_rows(2, M, WIDTH), kid;
    cg_array a = features_of(x, N, WIDTH), b = features_of(y, M, WIDTH);
    evaluate_selection s = evaluate_select_all(&a),
                       t = evaluate_select_all(&b);
    host_failure f = HOST_FAILURE_UNSAID;
    assert_true(evaluate_kid(&s, &t, 1, threads, &kid, &f));
    free(x);
    free(y);
    return kid;
}

static void sums_are_over_all_pairs_but_equal_ones(void **state)
{
    (void)state;
    double *x = random_rows(1, N, WIDTH), *y = random_rows(2, M, WIDTH);
    double wanted = mean_kernel(x, N, x, N) + mean_kernel(y, M, y, M) -
                    2 * mean_kernel(x, N, y, M);
    check_near("definition", of_random_sets(&alone), wanted, 1e-12);
    free(x);
    free(y);
}

/* Two pairs at once give what each gives alone. */
static void pairs_do_not_mix(void **state)
{
    (void)state;
    double *x = random_rows(3, M, WIDTH), both[2], one;
    cg_array a = features_of(x, M, WIDTH), b = features_of(x, 20, WIDTH);
    evaluate_selection s[2] = {evaluate_select_all(&a),
                               evaluate_select_all(&b)};
    evaluate_selection t[2] = {s[1], s[0]};
    host_failure f = HOST_FAILURE_UNSAID;
    assert_true(evaluate_kid(s, t, 2, &alone, both, &f));
    for (uint32_t i = 0; i < 2; i++) {
        assert_true(evaluate_kid(&s[i], &t[i], 1, &alone, &one, &f));
        check_bits("pair", both[i], one);
    }
    check_near("symmetry", both[0], both[1], 1e-13);
    free(x);
}

static void any_number_of_threads_gives_the_same_bits(void **state)
{
    (void)state;
    check_threads("estimate", of_random_sets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goldens),
        cmocka_unit_test(sums_are_over_all_pairs_but_equal_ones),
        cmocka_unit_test(pairs_do_not_mix),
        cmocka_unit_test(any_number_of_threads_gives_the_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
