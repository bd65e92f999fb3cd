/* SPDX-License-Identifier: MIT
 *
 * scores_test.c - scores against those of scikit-learn, what they must be by
 * definition, and the matching against all permutations. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/cluster/arrays.h"
#include "cluster/contingency.h"
#include "cluster/scores.h"
#include "tests/cluster/numbers.h"

/* Of sums in double precision with a few thousand terms. */
#define CLOSE 1e-10

static void close_to(const char *name, const char *score, double got,
                     double wanted)
{
    if (!(fabs(got - wanted) <= CLOSE)) {
        fail_msg("%s: %s: got %.15g, wanted %.15g", name, score, got, wanted);
    }
}

static void check_golden(const cg_file *file, const char *name)
{
    char prefix[64], rows_of[64];
    host_failure f = HOST_FAILURE_UNSAID;
    cluster_agreement a;
    cluster_usage u;
    int32_t most = 0;

    (void)snprintf(prefix, sizeof prefix, "%s.", name);
    (void)snprintf(rows_of, sizeof rows_of, "%s.p", name);
    const uint64_t rows = arrays_extent(file, rows_of, 0);
    int32_t *ids = arrays_integers(file, prefix, "p");
    int32_t *labels = arrays_integers(file, prefix, "y");
    double *wanted = arrays_doubles(file, prefix, "scores");

    for (uint64_t i = 0; i < rows; i++) {
        most = ids[i] > most ? ids[i] : most;
    }
    assert_true(cluster_usage_of(&u, ids, rows, (uint32_t)most + 1, &f));
    assert_true(cluster_agreement_of(&a, ids, labels, rows, &f));
    close_to(name, "acc", a.acc, wanted[0]);
    close_to(name, "nmi", a.nmi, wanted[1]);
    close_to(name, "ami", a.ami, wanted[2]);
    close_to(name, "ari", a.ari, wanted[3]);
    close_to(name, "kl", u.kl, wanted[4]);
    close_to(name, "r_c", u.r_c, wanted[6]);
    free(ids);
    free(labels);
    free(wanted);
}

static void test_golden(void **state)
{
    static const char *const names[] = {
        "equal_k",     "gaps",       "hungarian_vs_majority",
        "one_cluster", "over",       "over_many",
        "perfect",     "singletons", "under",
    };
    cg_file *file = arrays_open("metrics/clustering");

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        check_golden(file, names[i]);
    }
    cg_close(file);
}

/* Numbers are names: another order of them changes nothing. */
static void test_names(void **state)
{
    enum { ROWS = 400 };
    int32_t ids[ROWS], labels[ROWS], renamed[ROWS];
    host_failure f = HOST_FAILURE_UNSAID;
    cluster_agreement a, b;

    (void)state;
    for (uint32_t i = 0; i < ROWS; i++) {
        ids[i] = (int32_t)(numbers_uniform(1, i) * 12);
        labels[i] =
            numbers_uniform(2, i) < 0.5 ? ids[i] % 5 : (int32_t)(i % 5);
        renamed[i] = 1000 - 7 * ids[i];
    }
    assert_true(cluster_agreement_of(&a, ids, labels, ROWS, &f));
    assert_true(cluster_agreement_of(&b, renamed, labels, ROWS, &f));
    close_to("renamed", "nmi", b.nmi, a.nmi);
    close_to("renamed", "ami", b.ami, a.ami);
    close_to("renamed", "ari", b.ari, a.ari);
    assert_true(a.acc == b.acc);
}

static void test_one_row(void **state)
{
    const int32_t id = 0;
    host_failure f = HOST_FAILURE_UNSAID;
    cluster_agreement a;
    cluster_usage u;

    (void)state;
    assert_true(cluster_agreement_of(&a, &id, &id, 1, &f));
    assert_true(a.nmi == 1.0 && a.ami == 1.0 && a.ari == 1.0 && a.acc == 1.0);
    assert_true(cluster_usage_of(&u, &id, 1, 4, &f));
    assert_true(u.used == 1 && u.r_c == 0.25 && u.kl == 0.0);
}

static void test_out_of_range(void **state)
{
    const int32_t ids[] = {0, 3, 1};
    host_failure f = HOST_FAILURE_UNSAID;
    cluster_usage u;

    (void)state;
    assert_false(cluster_usage_of(&u, ids, 3, 3, &f));
    assert_string_equal(f.text, "id 1 is 3; wanted 0 to 2");
}

/* ---- matching ----------------------------------------------------------- */

#define SIDE 6u

static int64_t cost_of(const void *arg, uint32_t row, uint32_t column)
{
    const int64_t *costs = arg;

    return costs[row * SIDE + column];
}

/* The least cost of rows row.. when columns in `taken` are. */
static int64_t least(const int64_t *costs, uint32_t rows, uint32_t row,
                     uint32_t taken)
{
    int64_t best = INT64_MAX;

    if (row == rows) {
        return 0;
    }
    for (uint32_t c = 0; c < SIDE; c++) {
        if ((taken >> c & 1) == 0) {
            const int64_t cost = costs[row * SIDE + c] +
                                 least(costs, rows, row + 1, taken | 1u << c);

            best = cost < best ? cost : best;
        }
    }
    return best;
}

static void test_matching(void **state)
{
    (void)state;
    for (uint32_t trial = 0; trial < 300; trial++) {
        int64_t costs[SIDE * SIDE], sum = 0;
        uint32_t columns[SIDE], taken = 0;
        const uint32_t rows = 1 + trial % SIDE;

        for (uint32_t i = 0; i < SIDE * SIDE; i++) {
            costs[i] = (int64_t)(numbers_uniform(trial, i) * 20) - 15;
        }
        assert_true(cluster_match(cost_of, costs, rows, SIDE, columns));
        for (uint32_t row = 0; row < rows; row++) {
            assert_in_range(columns[row], 0, SIDE - 1);
            assert_int_equal(taken >> columns[row] & 1, 0);
            taken |= 1u << columns[row];
            sum += costs[row * SIDE + columns[row]];
        }
        assert_int_equal(sum, least(costs, rows, 0, 0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),   cmocka_unit_test(test_names),
        cmocka_unit_test(test_one_row),  cmocka_unit_test(test_out_of_range),
        cmocka_unit_test(test_matching),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
