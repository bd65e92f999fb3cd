/* SPDX-License-Identifier: MIT
 *
 * frechet_test.c - the Frechet distance against exact values and formulas. */
#include "evaluate/frechet.h"
#include "tests/evaluate/evaluate_fixture.h"

/* ---- goldens ------------------------------------------------------------ */

/* Singular, constant, equal and ordinary ones. */
static const char *const cases[] = {"full", "n_lt_d", "rank1", "same",
                                    "const_dim"};
#define CASES (sizeof cases / sizeof cases[0])

static const cg_array *set_of(const cg_file *file, const char *name, char set)
{
    char key[64];
    (void)snprintf(key, sizeof key, "%s.%c", name, set);
    return array_of(file, key);
}

static double wanted_of(const cg_file *file, const char *name,
                        const char *route)
{
    char key[64];
    (void)snprintf(key, sizeof key, "%s.fd_%s", name, route);
    return number_of(file, key);
}

static evaluate_gaussian from_rows(const cg_array *array)
{
    evaluate_gaussian g;
    evaluate_selection rows = evaluate_select_all(array);
    host_failure f = HOST_FAILURE_UNSAID;
    if (!evaluate_gaussian_of_rows(&g, &rows, &alone, "rows", &f)) {
        fail_msg("%s", f.text);
    }
    return g;
}

static evaluate_gaussian from_statistics(const cg_array *array)
{
    evaluate_gaussian g;
    evaluate_statistics s;
    evaluate_selection rows = evaluate_select_all(array);
    host_failure f = HOST_FAILURE_UNSAID;
    assert_true(evaluate_statistics_of_rows(&s, &rows, &alone, &f));
    if (!evaluate_gaussian_of_statistics(&g, &s, "statistics", &f)) {
        fail_msg("%s", f.text);
    }
    evaluate_statistics_free(&s);
    return g;
}

/* Frees both. */
static double distance(evaluate_gaussian a, evaluate_gaussian b)
{
    double d;
    host_failure f = HOST_FAILURE_UNSAID;
    assert_true(evaluate_frechet(&a, &b, &alone, &d, &f));
    evaluate_gaussian_free(&a);
    evaluate_gaussian_free(&b);
    return d;
}

typedef evaluate_gaussian maker(const cg_array *array);

/* 1e-9: the distances are below 50, the exact values have 16 digits.  The
 * rows of rank1 are of rank one but for their rounding to floats, of which a
 * covariance in doubles knows nothing: 1e-7 of the features, a part of the
 * distance. */
static void check_goldens(maker *first, maker *second)
{
    bool statistics = first == from_statistics || second == from_statistics;
    cg_file *file = golden("fd");
    for (size_t i = 0; i < CASES; i++) {
        const cg_array *x = set_of(file, cases[i], 'X');
        const cg_array *y = set_of(file, cases[i], 'Y');
        double wanted = wanted_of(file, cases[i], "exact");
        bool lost = statistics && strcmp(cases[i], "rank1") == 0;
        double tolerance = lost ? 1e-7 * wanted : 1e-9;
        check_near(cases[i], distance(first(x), second(y)), wanted,
                   tolerance);
        check_near(cases[i], distance(first(y), second(x)), wanted,
                   tolerance);
    }
    cg_close(file);
}

static void goldens_from_rows(void **state)
{
    (void)state;
    check_goldens(from_rows, from_rows);
}

static void goldens_from_statistics(void **state)
{
    (void)state;
    check_goldens(from_statistics, from_statistics);
}

static void goldens_from_rows_and_statistics(void **state)
{
    (void)state;
    check_goldens(from_rows, from_statistics);
    check_goldens(from_statistics, from_rows);
}

/* scipy's root of a singular product is off in the eighth digit. */
static void roots_of_matrices_agree(void **state)
{
    (void)state;
    cg_file *file = golden("fd");
    for (size_t i = 0; i < CASES; i++) {
        double got = distance(from_rows(set_of(file, cases[i], 'X')),
                              from_rows(set_of(file, cases[i], 'Y')));
        check_near(cases[i], got, wanted_of(file, cases[i], "sqrtm"),
                   1e-6 * got + 1e-9);
    }
    cg_close(file);
}

static void statistics_are_numpys(void **state)
{
    (void)state;
    cg_file *file = golden("fd");
    const cg_array *mean = array_of(file, "full.mu_X");
    const cg_array *covariance = array_of(file, "full.sigma_X");
    evaluate_selection rows = rows_of(file, "full.X");
    evaluate_statistics s;
    host_failure f = HOST_FAILURE_UNSAID;
    assert_true(evaluate_statistics_of_rows(&s, &rows, &alone, &f));
    for (uint64_t i = 0; i < mean->elements; i++) {
        check_near("mean", s.mean[i], cg_element(mean, i), 1e-14);
    }
    for (uint64_t i = 0; i < covariance->elements; i++) {
        check_near("covariance", s.covariance[i], cg_element(covariance, i),
                   1e-13);
    }
    evaluate_statistics_free(&s);
    cg_close(file);
}

/* ---- formulas ----------------------------------------------------------- */

#define WIDTH 40u

/* Q^T diag(values) Q, where Q is a product of random reflections. */
static double *rotated(const double *values, uint64_t seed)
{
    double *q = calloc(WIDTH * WIDTH, sizeof *q);
    double *s = calloc(WIDTH * WIDTH, sizeof *s);
    assert_non_null(q);
    assert_non_null(s);
    for (uint32_t i = 0; i < WIDTH; i++) {
        q[i * WIDTH + i] = 1;
    }
    for (uint32_t r = 0; r < 5; r++) {
        double v[WIDTH], w[WIDTH], square = 0;
        for (uint32_t k = 0; k < WIDTH; k++) {
            v[k] = cedm_normal_f64(seed, k, r);
            square += v[k] * v[k];
        }
        cblas_dgemv(CblasRowMajor, CblasTrans, WIDTH, WIDTH, 1, q, WIDTH, v,
                    1, 0, w, 1);
        cblas_dger(CblasRowMajor, WIDTH, WIDTH, -2 / square, v, 1, w, 1, q,
                   WIDTH);
    }
    for (uint32_t i = 0; i < WIDTH; i++) {
        cblas_dger(CblasRowMajor, WIDTH, WIDTH, values[i], q + i * WIDTH, 1,
                   q + i * WIDTH, 1, s, WIDTH);
    }
    free(q);
    return s;
}

static evaluate_gaussian from_matrix(double *mean, double *covariance)
{
    evaluate_gaussian g;
    evaluate_statistics s = {WIDTH, mean, covariance};
    host_failure f = HOST_FAILURE_UNSAID;
    if (!evaluate_gaussian_of_statistics(&g, &s, "matrix", &f)) {
        fail_msg("%s", f.text);
    }
    return g;
}

/* Covariances that commute: the sum of (sqrt a - sqrt b)^2 over their
 * eigenvalues, here over 24 decades and with zeros in each.  What is below
 * 1e-14 of the largest cannot be told from rounding. */
static void covariances_that_commute(void **state)
{
    (void)state;
    double a[WIDTH], b[WIDTH], zero[WIDTH] = {0}, shift[WIDTH], wanted = 0;
    for (uint32_t i = 0; i < WIDTH; i++) {
        a[i] = i % 5 == 0 ? 0 : pow(10, -12 * (double)i / WIDTH);
        b[i] = i % 7 == 0 ? 0 : pow(10, -12 + 12 * (double)i / WIDTH);
        shift[i] = 0.1 * (double)i;
        wanted += pow(sqrt(a[i]) - sqrt(b[i]), 2) + shift[i] * shift[i];
    }
    double *s = rotated(a, 1), *t = rotated(b, 1);
    check_near("commuting",
               distance(from_matrix(zero, s), from_matrix(shift, t)), wanted,
               1e-12 * wanted);
    free(s);
    free(t);
}

/* One of rank one, v v^T: the root's trace is sqrt(v^T S v). */
static void a_line_and_a_cloud(void **state)
{
    (void)state;
    double a[WIDTH], v[WIDTH], zero[WIDTH] = {0}, inner = 0, trace = 0;
    double *line = calloc(WIDTH * WIDTH, sizeof *line);
    assert_non_null(line);
    for (uint32_t i = 0; i < WIDTH; i++) {
        a[i] = 1 + i;
        v[i] = sin(i);
        trace += a[i] + v[i] * v[i];
    }
    double *s = rotated(a, 2);
    for (uint32_t i = 0; i < WIDTH; i++) {
        for (uint32_t k = 0; k < WIDTH; k++) {
            line[i * WIDTH + k] = v[i] * v[k];
            inner += v[i] * s[i * WIDTH + k] * v[k];
        }
    }
    check_near("line",
               distance(from_matrix(zero, s), from_matrix(zero, line)),
               trace - 2 * sqrt(inner), 1e-12 * trace);
    free(s);
    free(line);
}

static void constant_features_have_no_spread(void **state)
{
    (void)state;
    double x[3 * 2] = {5, 1, 5, 1, 5, 1}, y[3 * 2] = {2, 5, 2, 5, 2, 5};
    cg_array a = features_of(x, 3, 2), b = features_of(y, 3, 2);
    check_bits("constant", distance(from_rows(&a), from_rows(&b)), 25);
    check_bits("equal", distance(from_rows(&a), from_rows(&a)), 0);
}

/* Centred rows and the eigenvectors of a singular covariance are factors of
 * the same. */
static void few_rows_are_as_good_as_statistics(void **state)
{
    (void)state;
    double *x = random_rows(3, 30, 50), *y = random_rows(4, 20, 50);
    cg_array a = features_of(x, 30, 50), b = features_of(y, 20, 50);
    double few = distance(from_rows(&a), from_rows(&b));
    double many = distance(from_statistics(&a), from_statistics(&b));
    check_near("few", few, many, 1e-12 * few);
    free(x);
    free(y);
}

static void what_is_no_covariance_is_refused(void **state)
{
    (void)state;
    double values[WIDTH], zero[WIDTH] = {0};
    for (uint32_t i = 0; i < WIDTH; i++) {
        values[i] = i == 3 ? -0.001 : 1;
    }
    double *s = rotated(values, 5);
    evaluate_statistics statistics = {WIDTH, zero, s};
    evaluate_gaussian g;
    host_failure f = HOST_FAILURE_UNSAID;
    assert_false(
        evaluate_gaussian_of_statistics(&g, &statistics, "x.npz", &f));
    assert_non_null(strstr(f.text, "x.npz: no covariance; wanted"));
    assert_null(g.factor);
    free(s);
}

static void one_row_is_refused(void **state)
{
    (void)state;
    double x[2] = {1, 2};
    cg_array a = features_of(x, 1, 2);
    evaluate_selection rows = evaluate_select_all(&a);
    evaluate_gaussian g;
    host_failure f = HOST_FAILURE_UNSAID;
    assert_false(evaluate_gaussian_of_rows(&g, &rows, &alone, "x.npy", &f));
    assert_non_null(strstr(f.text, "x.npy: wanted at least two rows, got 1"));
}

/* ---- threads ------------------------------------------------------------ */

static double whole(const evaluate_threads *threads)
{
    double *x = random_rows(1, 700, 520), *y = random_rows(2, 300, 520), d;
    cg_array a = features_of(x, 700, 520), b = features_of(y, 300, 520);
    evaluate_selection s = evaluate_select_all(&a),
                       t = evaluate_select_all(&b);
    evaluate_gaussian g, h;
    host_failure f = HOST_FAILURE_UNSAID;
    assert_true(evaluate_gaussian_of_rows(&g, &s, threads, "x", &f));
    assert_true(evaluate_gaussian_of_rows(&h, &t, threads, "y", &f));
    assert_true(evaluate_frechet(&g, &h, threads, &d, &f));
    evaluate_gaussian_free(&g);
    evaluate_gaussian_free(&h);
    free(x);
    free(y);
    return d;
}

static void any_number_of_threads_gives_the_same_bits(void **state)
{
    (void)state;
    check_threads("distance", whole);
}

/* ---- without the bias of few samples ------------------------------------ */

static void golden_infinity(void **state)
{
    (void)state;
    cg_file *file = golden("fd_infinity");
    const cg_array *sizes = array_of(file, "sizes");
    const cg_array *index = array_of(file, "subset_idx");
    evaluate_gaussian real = from_rows(array_of(file, "real"));
    evaluate_selection rows = rows_of(file, "fake");
    uint64_t usual[EVALUATE_LINE_SIZES], chosen[600], used = 0;
    double distances[EVALUATE_LINE_SIZES];
    evaluate_line_sizes(rows.count, usual);
    rows.index = chosen;
    for (uint32_t i = 0; i < EVALUATE_LINE_SIZES; i++) {
        evaluate_gaussian fake;
        host_failure f = HOST_FAILURE_UNSAID;
        rows.count = (uint64_t)cg_element(sizes, i);
        assert_int_equal(usual[i], rows.count);
        for (uint64_t k = 0; k < rows.count; k++) {
            chosen[k] = (uint64_t)cg_element(index, used++);
        }
        assert_true(evaluate_gaussian_of_rows(&fake, &rows, &alone, "x", &f));
        assert_true(
            evaluate_frechet(&real, &fake, &alone, &distances[i], &f));
        evaluate_gaussian_free(&fake);
        check_near("subset", distances[i],
                   cg_element(array_of(file, "fd"), i), 1e-9);
    }
    evaluate_line line =
        evaluate_fit_line(usual, distances, EVALUATE_LINE_SIZES);
    check_near("intercept", line.intercept, number_of(file, "intercept"),
               1e-9);
    check_near("slope", line.slope, number_of(file, "slope"), 1e-7);
    evaluate_gaussian_free(&real);
    cg_close(file);
}

/* numpy.linspace(5000, 50000, 15) and (2, 10, 15), truncated. */
static void sizes_of_subsets(void **state)
{
    (void)state;
    static const uint64_t large[] = {5000,  8214,  11428, 14642, 17857,
                                     21071, 24285, 27500, 30714, 33928,
                                     37142, 40357, 43571, 46785, 50000};
    static const uint64_t small[] = {2, 2, 3, 3, 4, 4, 5, 6,
                                     6, 7, 7, 8, 8, 9, 10};
    uint64_t sizes[EVALUATE_LINE_SIZES];
    evaluate_line_sizes(50000, sizes);
    assert_memory_equal(sizes, large, sizeof sizes);
    evaluate_line_sizes(10, sizes);
    assert_memory_equal(sizes, small, sizeof sizes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goldens_from_rows),
        cmocka_unit_test(goldens_from_statistics),
        cmocka_unit_test(goldens_from_rows_and_statistics),
        cmocka_unit_test(roots_of_matrices_agree),
        cmocka_unit_test(statistics_are_numpys),
        cmocka_unit_test(covariances_that_commute),
        cmocka_unit_test(a_line_and_a_cloud),
        cmocka_unit_test(constant_features_have_no_spread),
        cmocka_unit_test(few_rows_are_as_good_as_statistics),
        cmocka_unit_test(what_is_no_covariance_is_refused),
        cmocka_unit_test(one_row_is_refused),
        cmocka_unit_test(any_number_of_threads_gives_the_same_bits),
        cmocka_unit_test(golden_infinity),
        cmocka_unit_test(sizes_of_subsets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
