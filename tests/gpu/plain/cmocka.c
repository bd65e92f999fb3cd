/* SPDX-License-Identifier: MIT
 *
 * cmocka.c - runs a group of tests, prints what cmocka prints of it.
 *
 * For who starts a program again after one of its tests ended it: TEST_FIRST
 * is how many tests were done, TEST_WITHOUT has lines with which names of
 * tests begin that are skipped, and a test that takes more than TEST_SECONDS
 * ends the program. */
#include "tests/gpu/plain/cmocka.h"

#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static jmp_buf failed;
static const char *filter;
static unsigned long seen; /* tests of the filter, in all groups */

void plain_fail(const char *file, int line, const char *format, ...)
{
    va_list list;

    printf("%s:%d: ", file, line);
    va_start(list, format);
    vprintf(format, list);
    va_end(list);
    putchar('\n');
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

static unsigned long number(const char *name)
{
    const char *text = getenv(name);

    return text != NULL ? strtoul(text, NULL, 10) : 0;
}

static bool is_left_out(const struct CMUnitTest *test)
{
    return (filter != NULL && fnmatch(filter, test->name, 0) != 0) ||
           seen++ < number("TEST_FIRST");
}

static bool is_skipped(const char *name)
{
    const char *line = getenv("TEST_WITHOUT");

    while (line != NULL && *line != '\0') {
        size_t length = strcspn(line, "\n");

        if (length > 0 && strncmp(line, name, length) == 0) {
            return true;
        }
        line += length + (line[length] != '\0');
    }
    return false;
}

/* A function of its own, since its locals may change before a longjmp. */
static int run(const struct CMUnitTest *test)
{
    void *state = test->initial_state;

    printf("[ RUN      ] %s\n", test->name);
    fflush(stdout);
    alarm((unsigned)number("TEST_SECONDS"));
    if (setjmp(failed) != 0) {
        printf("[  FAILED  ] %s\n", test->name);
        fflush(stdout);
        return 1;
    }
    test->test_func(&state);
    printf("[       OK ] %s\n", test->name);
    fflush(stdout);
    return 0;
}

/* Nothing is right after a teardown that fails. */
static void tear_down(const struct CMUnitTest *test)
{
    void *state = test->initial_state;

    alarm((unsigned)number("TEST_SECONDS"));
    if (test->teardown_func != NULL && test->teardown_func(&state) != 0) {
        fprintf(stderr, "nothing more can be tested\n");
        exit(1);
    }
    alarm(0);
}

int _cmocka_run_group_tests(const char *group, const struct CMUnitTest *tests,
                            size_t count, void *setup, void *teardown)
{
    int bad = 0, good = 0;

    (void)setup;
    (void)teardown;
    printf("[==========] %s\n", group);
    for (size_t i = 0; i < count; i++) {
        if (is_left_out(&tests[i])) {
            continue;
        }
        if (is_skipped(tests[i].name)) {
            printf("[ RUN      ] %s\n[  SKIPPED ] %s\n", tests[i].name,
                   tests[i].name);
            continue;
        }
        if (run(&tests[i])) {
            bad++;
        } else {
            good++;
        }
        tear_down(&tests[i]);
    }
    printf("[  PASSED  ] %d test(s).\n", good);
    if (bad > 0) {
        printf("[  FAILED  ] %d test(s).\n", bad);
    }
    fflush(stdout);
    return bad;
}
