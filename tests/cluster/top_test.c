/* SPDX-License-Identifier: MIT
 *
 * top_test.c - a running top-k against sorting everything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cluster/top.h"
#include "tests/cluster/numbers.h"

#define N 500u

static int from_best(const void *a, const void *b)
{
    const cluster_scored *x = a, *y = b;

    return cluster_better(*x, *y) ? -1 : cluster_better(*y, *x);
}

/* Few values, so that many are equal; forwards and backwards. */
static void check(uint32_t k, bool backwards)
{
    cluster_scored all[N], top[N];

    for (uint32_t i = 0; i < N; i++) {
        all[i] =
            (cluster_scored){(float)(int)(20 * numbers_uniform(k, i)), i};
    }
    cluster_top_clear(top, k);
    for (uint32_t i = 0; i < N; i++) {
        cluster_top_offer(top, k, all[backwards ? N - 1 - i : i]);
    }
    cluster_top_sort(top, k);
    qsort(all, N, sizeof *all, from_best);
    for (uint32_t i = 0; i < k; i++) {
        assert_int_equal(top[i].index, all[i].index);
        assert_true(top[i].value == all[i].value);
    }
}

static void test_top(void **state)
{
    static const uint32_t ks[] = {1, 2, 3, 10, 63, N};

    (void)state;
    for (size_t i = 0; i < sizeof ks / sizeof *ks; i++) {
        check(ks[i], false);
        check(ks[i], true);
    }
}

/* With fewer items than places, the rest stays empty. */
static void test_few(void **state)
{
    cluster_scored top[4];

    (void)state;
    cluster_top_clear(top, 4);
    cluster_top_offer(top, 4, (cluster_scored){-3.0f, 7});
    cluster_top_sort(top, 4);
    assert_int_equal(top[0].index, 7);
    assert_int_equal(top[1].index, UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_top),
        cmocka_unit_test(test_few),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
