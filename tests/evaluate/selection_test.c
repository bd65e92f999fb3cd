/* SPDX-License-Identifier: MIT
 *
 * selection_test.c - what can be features, and drawing random subsets. */
#include "tests/evaluate/evaluate_fixture.h"

static void refuse(cg_array array, const char *what)
{
    host_failure f = HOST_FAILURE_UNSAID;
    assert_false(evaluate_check_features(&array, 2, "x.npy", &f));
    if (strncmp(f.text, "x.npy: ", 7) != 0 || strstr(f.text, what) == NULL) {
        fail_msg("wanted '%s', got '%s'", what, f.text);
    }
}

static void only_finite_floats_of_two_axes_are_features(void **state)
{
    (void)state;
    double values[6] = {1, 2, 3, 4, 5, 6};
    host_failure f = HOST_FAILURE_UNSAID;
    cg_array good = features_of(values, 3, 2), bad = good;
    assert_true(evaluate_check_features(&good, 3, "x.npy", &f));
    assert_false(evaluate_check_features(&good, 4, "x.npy", &f));
    assert_non_null(strstr(f.text, "wanted at least 4, got 3"));
    bad.rank = 3;
    refuse(bad, "got 3 axes");
    bad = good;
    bad.dtype = CG_I64;
    refuse(bad, "whole numbers");
    refuse(features_of(values, 3, 0), "no features");
    refuse(features_of(values, 3, UINT64_C(1) << 25), "no features");
    for (size_t i = 0; i < 6; i++) {
        double kept = values[i];
        char text[32];
        (void)snprintf(text, sizeof text, "row %zu holds NaN", i / 2);
        values[i] = i % 2 == 0 ? (double)NAN : -(double)INFINITY;
        refuse(good, text);
        values[i] = kept;
    }
}

/* From an implementation in Python of Philox4x32-10 and of what the header
 * says: seed 7, draw 3, 5 of 11. */
static void choices_are_as_documented(void **state)
{
    (void)state;
    static const uint64_t wanted[5] = {2, 5, 0, 7, 1};
    uint64_t index[11];
    evaluate_choose(7, 3, 11, 5, index);
    for (size_t i = 0; i < 5; i++) {
        if (index[i] != wanted[i]) {
            fail_msg("number %zu: wanted %" PRIu64 ", got %" PRIu64, i,
                     wanted[i], index[i]);
        }
    }
}

static void a_whole_choice_is_a_permutation(void **state)
{
    (void)state;
    static uint64_t index[1000], shorter[1000];
    static bool seen[1000];
    evaluate_choose(1, 0, 1000, 1000, index);
    for (size_t i = 0; i < 1000; i++) {
        assert_in_range(index[i], 0, 999);
        assert_false(seen[index[i]]);
        seen[index[i]] = true;
    }
    evaluate_choose(1, 0, 1000, 10, shorter);
    assert_memory_equal(index, shorter, 10 * sizeof *index);
    evaluate_choose(1, 1, 1000, 10, shorter);
    assert_memory_not_equal(index, shorter, 10 * sizeof *index);
    evaluate_choose(2, 0, 1000, 10, shorter);
    assert_memory_not_equal(index, shorter, 10 * sizeof *index);
}

/* Of 3 out of 6, each of the 120 ordered choices should come 100 times in
 * 12000: chi-square of 119 degrees of freedom is below 187 but once in 10^4
 * seeds, and the seed is fixed. */
static void every_choice_is_equally_likely(void **state)
{
    (void)state;
    static uint32_t counts[216];
    for (uint32_t draw = 0; draw < 12000; draw++) {
        uint64_t index[6];
        evaluate_choose(5, draw, 6, 3, index);
        counts[36 * index[0] + 6 * index[1] + index[2]]++;
    }
    double square = 0;
    size_t used = 0;
    for (size_t i = 0; i < 216; i++) {
        used += counts[i] > 0;
        square += counts[i] > 0 ? pow(counts[i] - 100.0, 2) / 100 : 0;
    }
    assert_int_equal(used, 120);
    check_near("chi-square", square, 119, 68);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_finite_floats_of_two_axes_are_features),
        cmocka_unit_test(choices_are_as_documented),
        cmocka_unit_test(a_whole_choice_is_a_permutation),
        cmocka_unit_test(every_choice_is_equally_likely),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
