/* SPDX-License-Identifier: MIT
 *
 * prdc_test.c - precision, recall, density and coverage against golden
 * values, the definition, and sets of which the answer is known. */
#include "evaluate/prdc.h"
#include "tests/evaluate/evaluate_fixture.h"

static const evaluate_prdc_config usual = {5, false};

static evaluate_prdc_result of_arrays(const cg_array *real,
                                      const cg_array *fake,
                                      const evaluate_prdc_config *config,
                                      const evaluate_threads *threads)
{
    evaluate_selection x = evaluate_select_all(real);
    evaluate_selection y = evaluate_select_all(fake);
    evaluate_prdc_result result;
    host_failure f = HOST_FAILURE_UNSAID;
    if (!evaluate_prdc(&x, &y, config, threads, &result, &f)) {
        fail_msg("%s", f.text);
    }
    return result;
}

static void check_result(const char *what, evaluate_prdc_result got,
                         evaluate_prdc_result wanted)
{
    check_near(what, got.precision, wanted.precision, 1e-15);
    check_near(what, got.recall, wanted.recall, 1e-15);
    check_near(what, got.density, wanted.density, 1e-14);
    check_near(what, got.coverage, wanted.coverage, 1e-15);
}

/* No comparison is closer than 1e-4: the shares are exact. */
static void goldens(void **state)
{
    (void)state;
    static const evaluate_prdc_config closed = {3, true};
    cg_file *file = golden("prdc");
    const cg_array *real = array_of(file, "real");
    const cg_array *fake = array_of(file, "fake");
    evaluate_prdc_result wanted = {
        number_of(file, "precision"), number_of(file, "recall"),
        number_of(file, "density"), number_of(file, "coverage")};
    check_result("k = 5", of_arrays(real, fake, &usual, &alone), wanted);
    evaluate_prdc_result other = of_arrays(real, fake, &closed, &alone);
    check_near("precision, k = 3", other.precision,
               number_of(file, "precision_k3_le"), 1e-15);
    check_near("recall, k = 3", other.recall, number_of(file, "recall_k3_le"),
               1e-15);
    cg_close(file);
}

/* ---- the definition, over several tiles --------------------------------- */

#define N 300u
#define M 530u
#define WIDTH 3u

static double distance(const double *x, const double *y)
{
    double sum = 0;
    for (uint32_t k = 0; k < WIDTH; k++) {
        sum += (x[k] - y[k]) * (x[k] - y[k]);
    }
    return sum;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* By sorting: the first is the row itself. */
static double radius_of(const double *set, uint32_t n, uint32_t i, uint32_t k)
{
    static double distances[M];
    for (uint32_t o = 0; o < n; o++) {
        distances[o] = distance(set + i * WIDTH, set + o * WIDTH);
    }
    qsort(distances, n, sizeof *distances, ascending);
    return distances[k];
}

typedef struct balls {
    uint32_t pairs, filled, inside;
} balls;

static balls count_balls(const double *x, uint32_t n, const double *y,
                         uint32_t m)
{
    static bool inside[M];
    balls b = {0, 0, 0};
    memset(inside, 0, sizeof inside);
    for (uint32_t i = 0; i < n; i++) {
        double radius = radius_of(x, n, i, usual.neighbours);
        uint32_t held = 0;
        for (uint32_t o = 0; o < m; o++) {
            if (distance(x + i * WIDTH, y + o * WIDTH) < radius) {
                inside[o] = true;
                held++;
            }
        }
        b.pairs += held;
        b.filled += held > 0;
    }
    for (uint32_t o = 0; o < m; o++) {
        b.inside += inside[o];
    }
    return b;
}

static void the_definition(void **state)
{
    (void)state;
    double *x = random_rows(1, N, WIDTH), *y = random_rows(2, M, WIDTH);
    for (uint32_t i = 0; i < M * WIDTH; i++) {
        y[i] = 2 * y[i] + 0.7; /* so that the shares are not 1 */
    }
    cg_array real = features_of(x, N, WIDTH), fake = features_of(y, M, WIDTH);
    balls of_real = count_balls(x, N, y, M),
          of_fake = count_balls(y, M, x, N);
    assert_in_range(of_real.inside, 100, M - 50);
    assert_in_range(of_real.filled, 100, N - 50);
    evaluate_prdc_result wanted = {.precision = (double)of_real.inside / M,
                                   .recall = (double)of_fake.inside / N,
                                   .density = (double)of_real.pairs /
                                              (usual.neighbours * M),
                                   .coverage = (double)of_real.filled / N};
    check_result("random", of_arrays(&real, &fake, &usual, &alone), wanted);
    free(x);
    free(y);
}

/* Every ball holds its centre and all neighbours but the k-th, which lies on
 * its surface whatever the distances are rounded to. */
static void a_set_beside_itself(void **state)
{
    (void)state;
    double *x = random_rows(3, M, 17);
    cg_array a = features_of(x, M, 17);
    check_result("itself", of_arrays(&a, &a, &usual, &alone),
                 (evaluate_prdc_result){1, 1, 1, 1});
    free(x);
}

static void sets_far_apart(void **state)
{
    (void)state;
    double *x = random_rows(4, N, WIDTH), *y = random_rows(5, N, WIDTH);
    for (uint32_t i = 0; i < N * WIDTH; i++) {
        y[i] += 1000;
    }
    cg_array a = features_of(x, N, WIDTH), b = features_of(y, N, WIDTH);
    check_result("apart", of_arrays(&a, &b, &usual, &alone),
                 (evaluate_prdc_result){0, 0, 0, 0});
    free(x);
    free(y);
}

/* Images that occur k + 1 times and more have balls of radius 0, which are
 * empty unless they are closed. */
static void duplicates(void **state)
{
    (void)state;
    static const evaluate_prdc_config closed = {5, true};
    double x[20];
    for (size_t i = 0; i < 20; i++) {
        x[i] = i < 10 ? 3 : 4;
    }
    cg_array a = features_of(x, 20, 1);
    check_result("open", of_arrays(&a, &a, &usual, &alone),
                 (evaluate_prdc_result){0, 0, 0, 0});
    check_result("closed", of_arrays(&a, &a, &closed, &alone),
                 (evaluate_prdc_result){1, 1, 2, 1});
}

static double sum_of_results(const evaluate_threads *threads)
{
    double *x = random_rows(6, N, WIDTH), *y = random_rows(7, M, WIDTH);
    cg_array a = features_of(x, N, WIDTH), b = features_of(y, M, WIDTH);
    evaluate_prdc_result r = of_arrays(&a, &b, &usual, threads);
    free(x);
    free(y);
    return r.precision + 2 * r.recall + 4 * r.density + 8 * r.coverage;
}

static void any_number_of_threads_gives_the_same_bits(void **state)
{
    (void)state;
    check_threads("shares", sum_of_results);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goldens),
        cmocka_unit_test(the_definition),
        cmocka_unit_test(a_set_beside_itself),
        cmocka_unit_test(sets_far_apart),
        cmocka_unit_test(duplicates),
        cmocka_unit_test(any_number_of_threads_gives_the_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
