/* SPDX-License-Identifier: MIT
 *
 * cmocka.h - as much of cmocka as tests/ops uses, for a foreign processor
 * that the library is not installed for: the first failure ends the
 * program. */
#ifndef CEDM_TESTS_BARE_CMOCKA_H
#define CEDM_TESTS_BARE_CMOCKA_H

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>

#define fail_msg(...)                                                        \
    (fprintf(stderr, __VA_ARGS__), fputc('\n', stderr), exit(1))

#define assert_true(condition)                                               \
    ((condition) ? (void)0                                                   \
                 : fail_msg("%s:%d: %s", __FILE__, __LINE__, #condition))
#define assert_non_null(pointer) assert_true((pointer) != NULL)
#define assert_int_equal(a, b) assert_true((a) == (b))
#define assert_ptr_equal(a, b) assert_true((a) == (b))

#define print_message printf

typedef void (*CMUnitTestFunction)(void **state);

struct CMUnitTest {
    const char *name;
    CMUnitTestFunction test_func, setup_func, teardown_func;
    void *initial_state;
};

/* A tentative definition in each file; the one of main's is set. */
static const char *test_filter;

static inline void cmocka_set_test_filter(const char *pattern)
{
    test_filter = pattern;
}

static inline int _cmocka_run_group_tests(const char *group,
                                          const struct CMUnitTest *tests,
                                          size_t count,
                                          CMUnitTestFunction setup,
                                          CMUnitTestFunction teardown)
{
    int run = 0;

    (void)setup;
    (void)teardown;
    for (size_t i = 0; i < count; i++) {
        void *state = tests[i].initial_state;

        if (test_filter == NULL ||
            fnmatch(test_filter, tests[i].name, 0) == 0) {
            printf("%s: %s\n", group, tests[i].name);
            fflush(stdout);
            tests[i].test_func(&state);
            run++;
        }
    }
    printf("%s: %d passed\n", group, run);
    return 0;
}

#endif
