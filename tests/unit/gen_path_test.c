/* SPDX-License-Identifier: MIT
 *
 * gen_path_test.c - the best way along a row of points, against all ways. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "runtime/philox.h"
#include "tools/gen/gen_path.h"

#define POINTS 9u

static double cost[POINTS * POINTS];

/* What a way costs: each jump's cost grows with all that follow. */
static double price(const uint32_t *path, uint32_t jumps, double growth)
{
    double sum = 0;
    for (uint32_t k = 0; k < jumps; k++) {
        sum = growth * sum + cost[path[k] * POINTS + path[k + 1]];
    }
    return sum;
}

/* The least price of all ways whose points between are bits of a mask. */
static double least(uint32_t jumps, double growth)
{
    double best = HUGE_VAL;
    for (uint32_t mask = 0; mask < 1u << (POINTS - 2); mask++) {
        uint32_t path[POINTS] = {0}, count = 1;
        for (uint32_t i = 0; i + 2 < POINTS; i++) {
            if (mask >> i & 1) {
                path[count++] = i + 1;
            }
        }
        path[count] = POINTS - 1;
        if (count == jumps) {
            best = fmin(best, price(path, jumps, growth));
        }
    }
    return best;
}

static void no_way_is_better(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < 8; seed++) {
        for (uint32_t i = 0; i < POINTS * POINTS; i++) {
            cost[i] = (double)cedm_uniform_f32(seed, i, 0);
        }
        for (uint32_t jumps = 1; jumps < POINTS; jumps++) {
            double growth = 1 + 0.15 * seed;
            uint32_t path[POINTS];
            host_failure f = HOST_FAILURE_UNSAID;
            assert_true(gen_path_find(cost, POINTS, jumps, growth, path, &f));
            assert_int_equal(path[0], 0);
            assert_int_equal(path[jumps], POINTS - 1);
            for (uint32_t k = 0; k < jumps; k++) {
                assert_true(path[k] < path[k + 1]);
            }
            double got = price(path, jumps, growth);
            double want = least(jumps, growth);
            if (!(fabs(got - want) <= 1e-12 * want)) {
                fail_msg("seed %u, %u jumps: got %.17g, want %.17g", seed,
                         jumps, got, want);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_way_is_better)};
    return cmocka_run_group_tests_name("ways", tests, NULL, NULL);
}
