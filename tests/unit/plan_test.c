/* SPDX-License-Identifier: MIT
 *
 * plan_test.c - the planner against its own definition: plans are valid by
 * the independent checker, never below the bound, and optimal where the
 * optimum is known because the instance was cut out of a full rectangle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "codegen/plan/plan.h"

#define MAX 256

static uint64_t state;

static uint32_t draw(uint32_t below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % below;
}

static uint32_t height_of(const cg_buffer *b, uint32_t n)
{
    uint32_t top = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t end = b[i].offset + b[i].elements;
        top = end > top ? end : top;
    }
    return top;
}

/* Cuts [first, last] x [0, height) into buffers by guillotine cuts: the
 * bound and the optimum are both `height`. */
static uint32_t cut(cg_buffer *out, uint32_t n, int first, int last,
                    uint32_t height, uint32_t pieces)
{
    if (pieces <= 1 || n >= MAX - 1) {
        out[n] =
            (cg_buffer){.elements = height, .first = first, .last = last};
        return n + 1;
    }
    uint32_t left = pieces / 2;
    if (draw(2) == 0 && last > first) {
        int at = first + (int)draw((uint32_t)(last - first));
        n = cut(out, n, first, at, height, left);
        return cut(out, n, at + 1, last, height, pieces - left);
    }
    uint32_t low = height / 32 > 1 ? 32 * (1 + draw(height / 32 - 1)) : 0;
    if (low == 0) {
        return cut(out, n, first, last, height, 1);
    }
    n = cut(out, n, first, last, low, left);
    return cut(out, n, first, last, height - low, pieces - left);
}

static void plans_are_valid(void **unused)
{
    (void)unused;
    cg_buffer b[MAX];
    for (uint64_t seed = 1; seed <= 300; seed++) {
        state = seed;
        uint32_t n = 1 + draw(60);
        for (uint32_t i = 0; i < n; i++) {
            b[i] = (cg_buffer){.elements = 32 * (1 + draw(40)),
                               .first = (int)draw(50)};
            b[i].last = b[i].first + (int)draw(20);
        }
        cg_memory *memory = cg_memory_new();
        cg_plan_report report;
        uint32_t pair[2];
        assert_true(cg_plan(b, n, &report, memory));
        assert_true(cg_plan_check(b, n, report.elements, pair));
        assert_int_equal(report.elements, height_of(b, n));
        assert_true(report.elements >= report.lower_bound);
        assert_true(report.elements <= report.no_reuse);
        cg_memory_free(memory);
    }
}

static void known_optimum(void **unused)
{
    (void)unused;
    cg_buffer b[MAX];
    uint32_t met = 0, total = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        state = seed * 77;
        uint32_t n = cut(b, 0, 0, 40, 32 * 64, 6 + draw(20));
        cg_memory *memory = cg_memory_new();
        cg_plan_report report;
        uint32_t pair[2];
        assert_true(cg_plan(b, n, &report, memory));
        assert_int_equal(report.lower_bound, 32 * 64);
        assert_true(cg_plan_check(b, n, report.elements, pair));
        met += report.elements == report.lower_bound;
        total++;
        cg_memory_free(memory);
    }
    print_message("%u of %u tight instances solved at the bound\n", met,
                  total);
    assert_int_equal(met, total);
}

/* Random instances on which every greedy order misses the bound and the
 * search meets it. */
static void search_beats_greedy(void **unused)
{
    (void)unused;
    uint32_t found = 0, missed = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        cg_buffer b[MAX];
        cg_plan_report report;
        state = seed * 1234567;
        uint32_t n = 12 + draw(12);
        for (uint32_t i = 0; i < n; i++) {
            b[i] = (cg_buffer){.elements = 32 * (1 + draw(9)),
                               .first = (int)draw(12)};
            b[i].last = b[i].first + (int)draw(8);
        }
        cg_memory *memory = cg_memory_new();
        assert_true(cg_plan(b, n, &report, memory));
        if (strcmp(report.method, "exact search") == 0) {
            assert_int_equal(report.elements, report.lower_bound);
            found++;
        }
        missed += report.elements > report.lower_bound;
        cg_memory_free(memory);
    }
    print_message("the search improved %u of 200 plans; %u stay above the "
                  "bound\n",
                  found, missed);
    assert_true(found > 0);
}

static void search_respects_limit_and_budget(void **unused)
{
    (void)unused;
    cg_buffer b[3] = {{.elements = 32, .first = 0, .last = 1, .offset = 7},
                      {.elements = 64, .first = 1, .last = 2, .offset = 8},
                      {.elements = 32, .first = 2, .last = 3, .offset = 9}};
    cg_memory *memory = cg_memory_new();
    assert_false(cg_plan_search(b, 3, 95, 1000, memory));
    assert_false(cg_plan_search(b, 3, 96, 0, memory));
    assert_int_equal(b[0].offset, 7); /* untouched on failure */
    assert_true(cg_plan_search(b, 3, 96, 1000, memory));
    assert_int_equal(height_of(b, 3), 96);
    cg_memory_free(memory);
}

static void checker_finds_overlaps(void **unused)
{
    (void)unused;
    uint32_t pair[2];
    cg_buffer b[3] = {{.elements = 32, .first = 0, .last = 2, .offset = 0},
                      {.elements = 32, .first = 2, .last = 4, .offset = 32},
                      {.elements = 32, .first = 3, .last = 5, .offset = 0}};
    assert_true(cg_plan_check(b, 3, 64, pair));
    assert_false(cg_plan_check(b, 3, 63, pair)); /* sticks out */
    b[1].offset = 31;                            /* one element too low */
    assert_false(cg_plan_check(b, 3, 64, pair));
    assert_int_equal(pair[0], 1);
    assert_int_equal(pair[1], 0);
    b[1].offset = 32;
    b[2].first = 2; /* alive one op earlier, beside b[0] */
    assert_false(cg_plan_check(b, 3, 64, pair));
    assert_int_equal(pair[0], 2);
    assert_int_equal(pair[1], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_are_valid),
        cmocka_unit_test(known_optimum),
        cmocka_unit_test(search_beats_greedy),
        cmocka_unit_test(search_respects_limit_and_budget),
        cmocka_unit_test(checker_finds_overlaps),
    };
    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
