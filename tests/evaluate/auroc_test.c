/* SPDX-License-Identifier: MIT
 *
 * auroc_test.c - the nearest training image as a detector, against golden
 * values and the definitions. */
#include "evaluate/auroc.h"
#include "tests/evaluate/evaluate_fixture.h"

static double *numbers_of(const cg_file *file, const char *name,
                          uint64_t *count)
{
    const cg_array *array = array_of(file, name);
    double *values = malloc(array->elements * sizeof *values);
    assert_non_null(values);
    *count = array->elements;
    for (uint64_t i = 0; i < *count; i++) {
        values[i] = cg_element(array, i);
    }
    return values;
}

static double *scores_of(const cg_file *file, const char *name,
                         const char *wanted)
{
    evaluate_selection train = rows_of(file, "train");
    evaluate_selection rows = rows_of(file, name);
    double *scores = malloc(rows.count * sizeof *scores);
    host_failure f = HOST_FAILURE_UNSAID;
    assert_non_null(scores);
    assert_true(evaluate_nearest_cosine(&train, &rows, &alone, scores, &f));
    for (uint64_t i = 0; i < rows.count; i++) {
        check_near(wanted, scores[i], cg_element(array_of(file, wanted), i),
                   1e-14);
    }
    return scores;
}

/* Four positives and three negatives are rows of the training set: their
 * scores are 1 up to rounding, which decides the order of these 12 of 90 x 70
 * pairs, in the golden value too. */
static void goldens(void **state)
{
    (void)state;
    const double twins = 12.0 / (90 * 70);
    cg_file *file = golden("auroc");
    double *in = scores_of(file, "test_id", "score_id");
    double *out = scores_of(file, "test_ood", "score_ood");
    evaluate_auroc_result r = evaluate_auroc(in, 90, out, 70);
    check_near("auroc", r.auroc, number_of(file, "auroc"), twins);
    check_near("fpr95", r.fpr95, number_of(file, "fpr95"), 1e-14);
    free(in);
    free(out);
    cg_close(file);
}

static void check_scores(const cg_file *file, const char *positive,
                         const char *negative, const char *auroc)
{
    uint64_t n, m;
    double *in = numbers_of(file, positive, &n);
    double *out = numbers_of(file, negative, &m);
    evaluate_auroc_result r = evaluate_auroc(in, n, out, m);
    check_near(auroc, r.auroc, number_of(file, auroc), 1e-14);
    free(in);
    free(out);
}

static void golden_scores(void **state)
{
    (void)state;
    cg_file *file = golden("auroc");
    check_scores(file, "score_id", "score_ood", "auroc");
    check_scores(file, "tied_id", "tied_ood", "auroc_tied");
    cg_close(file);
}

/* ---- the definitions ---------------------------------------------------- */

/* The chance that a positive has the higher score. */
static double chance(const double *in, uint32_t n, const double *out,
                     uint32_t m)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k < m; k++) {
            sum += in[i] > out[k] ? 1 : in[i] == out[k] ? 0.5 : 0;
        }
    }
    return sum / n / m;
}

static void area_is_a_chance(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < 20; seed++) {
        double in[31], out[17];
        for (uint32_t i = 0; i < 31; i++) {
            in[i] = round(3 * cedm_normal_f64(seed, i, 0) + 1);
        }
        for (uint32_t i = 0; i < 17; i++) {
            out[i] = round(3 * cedm_normal_f64(seed, i, 1));
        }
        double wanted = chance(in, 31, out, 17);
        check_near("area", evaluate_auroc(in, 31, out, 17).auroc, wanted,
                   1e-14);
    }
}

static void check_both(const double *in, uint32_t n, const double *out,
                       uint32_t m, double auroc, double fpr95)
{
    double a[8], b[8];
    memcpy(a, in, n * sizeof *a);
    memcpy(b, out, m * sizeof *b);
    evaluate_auroc_result r = evaluate_auroc(a, n, b, m);
    check_near("auroc", r.auroc, auroc, 1e-15);
    check_near("fpr95", r.fpr95, fpr95, 1e-15);
}

/* Curves of one or two lines, by hand. */
static void short_curves(void **state)
{
    (void)state;
    const double high[2] = {2, 3}, low[2] = {0, 1}, same[1] = {1};
    check_both(high, 2, low, 2, 1, 0);
    check_both(low, 2, high, 2, 0, 1);
    check_both(same, 1, same, 1, 0.5, 0.95);
    /* (0,0) (0,1/2) (1/2,1/2) (1,1): at 0.95 on the last line */
    const double in[2] = {3, 1}, out[2] = {2, 1};
    check_both(in, 2, out, 2, 0.625, 0.95);
}

static void a_row_of_zeros_has_no_direction(void **state)
{
    (void)state;
    double train[4] = {0, 0, -1, 0}, rows[4] = {0, 0, 2, 0}, scores[2];
    cg_array a = features_of(train, 2, 2), b = features_of(rows, 2, 2);
    evaluate_selection s = evaluate_select_all(&a),
                       t = evaluate_select_all(&b);
    host_failure f = HOST_FAILURE_UNSAID;
    assert_true(evaluate_nearest_cosine(&s, &t, &alone, scores, &f));
    check_near("zero row", scores[0], 0, 0);
    check_near("zero train row beside the opposite one", scores[1], 0, 0);
}

static double sum_of_scores(const evaluate_threads *threads)
{
    double *x = random_rows(1, 600, 9), *y = random_rows(2, 300, 9);
    double scores[300], sum = 0;
    cg_array a = features_of(x, 600, 9), b = features_of(y, 300, 9);
    evaluate_selection s = evaluate_select_all(&a),
                       t = evaluate_select_all(&b);
    host_failure f = HOST_FAILURE_UNSAID;
    assert_true(evaluate_nearest_cosine(&s, &t, threads, scores, &f));
    for (size_t i = 0; i < 300; i++) {
        sum = sum * 0.9 + scores[i];
    }
    free(x);
    free(y);
    return sum;
}

static void any_number_of_threads_gives_the_same_bits(void **state)
{
    (void)state;
    check_threads("scores", sum_of_scores);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goldens),
        cmocka_unit_test(golden_scores),
        cmocka_unit_test(area_is_a_chance),
        cmocka_unit_test(short_curves),
        cmocka_unit_test(a_row_of_zeros_has_no_direction),
        cmocka_unit_test(any_number_of_threads_gives_the_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
