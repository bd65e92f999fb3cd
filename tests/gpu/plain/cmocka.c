/* SPDX-License-Identifier: MIT
 *
 * cmocka.c - runs a group of tests, prints what cmocka prints of it. */
#include "tests/gpu/plain/cmocka.h"

#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

static jmp_buf failed;
static const char *filter;

void plain_fail(const char *file, int line, const char *format, ...)
{
    va_list list;

    fflush(stdout);
    fprintf(stderr, "%s:%d: ", file, line);
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
    longjmp(failed, 1);
}

void print_message(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vprintf(format, list);
    va_end(list);
}

void cmocka_set_test_filter(const char *pattern)
{
    filter = pattern;
}

/* A function of its own, since its locals may change before a longjmp. */
static int run(const struct CMUnitTest *test)
{
    void *state = test->initial_state;

    printf("[ RUN      ] %s\n", test->name);
    fflush(stdout);
    if (setjmp(failed) != 0) {
        printf("[  FAILED  ] %s\n", test->name);
        return 1;
    }
    test->test_func(&state);
    printf("[       OK ] %s\n", test->name);
    return 0;
}

int _cmocka_run_group_tests(const char *group, const struct CMUnitTest *tests,
                            size_t count, void *setup, void *teardown)
{
    int bad = 0, good = 0;

    (void)setup;
    (void)teardown;
    printf("[==========] %s\n", group);
    for (size_t i = 0; i < count; i++) {
        if (filter != NULL && fnmatch(filter, tests[i].name, 0) != 0) {
            continue;
        }
        if (run(&tests[i])) {
            bad++;
        } else {
            good++;
        }
    }
    printf("[  PASSED  ] %d test(s).\n", good);
    if (bad > 0) {
        printf("[  FAILED  ] %d test(s).\n", bad);
    }
    fflush(stdout);
    return bad;
}
