/* SPDX-License-Identifier: MIT
 *
 * cmocka.h - as much of cmocka as the tests of kernels use, on the C library
 * alone: machines with a GPU often have nothing else. */
#ifndef CEDM_TEST_PLAIN_CMOCKA_H
#define CEDM_TEST_PLAIN_CMOCKA_H

#include <stddef.h>
#include <string.h>

typedef void plain_test_fn(void **state);

struct CMUnitTest {
    const char *name;
    plain_test_fn *test_func;
    int (*setup_func)(void **state);
    int (*teardown_func)(void **state);
    void *initial_state;
};

/* A failure ends its test. */
_Noreturn void plain_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void print_message(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
void cmocka_set_test_filter(const char *pattern);
int _cmocka_run_group_tests(const char *group, const struct CMUnitTest *tests,
                            size_t count, void *setup, void *teardown);

#define cmocka_unit_test(function)                                           \
    {                                                                        \
        .name = #function, .test_func = function                             \
    }
#define cmocka_run_group_tests_name(group, tests, setup, teardown)           \
    _cmocka_run_group_tests(                                                 \
        group, tests, sizeof(tests) / sizeof((tests)[0]), setup, teardown)

#define fail_msg(...) plain_fail(__FILE__, __LINE__, __VA_ARGS__)
#define assert_true(condition)                                               \
    ((condition) ? (void)0 : fail_msg("not so: %s", #condition))
#define assert_non_null(pointer) assert_true((pointer) != NULL)
#define assert_memory_equal(a, b, size) assert_true(memcmp(a, b, size) == 0)
#define assert_int_equal(a, b)                                               \
    do {                                                                     \
        long long plain_a = (long long)(a), plain_b = (long long)(b);        \
        if (plain_a != plain_b) {                                            \
            fail_msg("%s is %lld, %s is %lld", #a, plain_a, #b, plain_b);    \
        }                                                                    \
    } while (0)

#endif
