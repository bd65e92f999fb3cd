/* SPDX-License-Identifier: MIT
 *
 * args_test.c - the command line: what is taken and what is refused.
 * Links with the shared objects of tools. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "host/cli/args.h"

enum { OPT_STEPS, OPT_JSON, OPT_N, OPT_OUT, OPT_COUNT };

static const host_args_option options[OPT_COUNT] = {
    {"steps", "N", "steps"},
    {"json", NULL, "json"},
    {"n", "N", "count"},
    {"-o", "DIR", "directory"},
};

static char seen[HOST_ARGS_MAX_OPTIONS];

/* The arguments after the program's name, NULL-terminated. */
static host_args begin(const char *const *words)
{
    static char text[16][64];
    static char *argv[16];
    int argc = 1;
    argv[0] = text[0];
    for (; words[argc - 1] != NULL; argc++) {
        snprintf(text[argc], sizeof text[argc], "%s", words[argc - 1]);
        argv[argc] = text[argc];
    }
    return host_args_begin(argc, argv, options, OPT_COUNT, seen);
}

static void options_in_order(void **state)
{
    (void)state;
    static const char *const words[] = {"--steps", "5",   "file",   "--n=-7",
                                        "-o",      "dir", "--json", NULL};
    static const int expected[] = {OPT_STEPS, HOST_ARGS_OPERAND, OPT_N,
                                   OPT_OUT, OPT_JSON};
    static const char *const values[] = {"5", "file", "-7", "dir", NULL};
    host_args a = begin(words);
    host_failure f = {HOST_EXIT_DONE, ""};
    for (size_t i = 0; i < 5; i++) {
        int got = host_args_next(&a, &f);
        if (got != expected[i]) {
            fail_msg("argument %zu: wanted option %d, got %d (%s)", i,
                     expected[i], got, f.text);
        }
        if (values[i] != NULL) {
            assert_string_equal(a.value, values[i]);
        } else {
            assert_null(a.value);
        }
    }
    assert_int_equal(host_args_next(&a, &f), HOST_ARGS_END);
}

static void bad_options(void **state)
{
    (void)state;
    static const struct {
        const char *words[5];
        const char *says;
    } rows[] = {
        {{"--nosuch"}, "unknown option '--nosuch'"},
        {{"--step", "5"}, "unknown option '--step'; wanted --steps"},
        {{"--stepps", "5"}, "unknown option '--stepps'; wanted --steps"},
        {{"--jsno"}, "unknown option '--jsno'; wanted --json"},
        {{"--x", "5"}, "unknown option '--x'; see --help"},
        {{"-n", "5"}, "unknown option '-n'; wanted --n"},
        {{"--o", "dir"}, "unknown option '--o'; see --help"},
        {{"---o", "dir"}, "unknown option '---o'"},
        {{"--", "5"}, "unknown option '--'"},
        {{"--=5"}, "unknown option '--=5'"},
        {{"--steps"}, "--steps: missing value"},
        {{"-o"}, "-o: missing value"},
        {{"--steps="}, "--steps: empty value"},
        {{"--steps", ""}, "--steps: empty value"},
        {{"--json=1"}, "--json takes no value"},
        {{"--json", "--json"}, "given twice"},
        {{"--steps=1", "--steps", "1"}, "given twice"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        host_args a = begin(rows[i].words);
        host_failure f = {HOST_EXIT_DONE, ""};
        int got;
        do {
            got = host_args_next(&a, &f);
        } while (got >= 0);
        if (got != HOST_ARGS_BAD || f.code != HOST_EXIT_USAGE ||
            strstr(f.text, rows[i].says) == NULL) {
            fail_msg("row %zu: wanted code 2 and '%s', got %d, code %d, '%s'",
                     i, rows[i].says, got, f.code, f.text);
        }
    }
}

static host_args value(const char *text)
{
    host_args a;
    memset(&a, 0, sizeof a);
    a.name = "steps";
    a.value = text;
    return a;
}

static void integers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t low, high, wanted;
        bool good;
    } rows[] = {
        {"0", 0, 10, 0, true},
        {"10", 0, 10, 10, true},
        {"007", 0, 10, 7, true},
        {"18446744073709551615", 0, UINT64_MAX, UINT64_MAX, true},
        {"18446744073709551616", 0, UINT64_MAX, 0, false},
        {"99999999999999999999999", 0, UINT64_MAX, 0, false},
        {"0", 1, 10, 0, false},
        {"11", 1, 10, 0, false},
        {"-1", 0, UINT64_MAX, 0, false},
        {"+1", 0, 10, 0, false},
        {" 1", 0, 10, 0, false},
        {"1 ", 0, 10, 0, false},
        {"1.0", 0, 10, 0, false},
        {"0x1", 0, 10, 0, false},
        {"1e1", 0, 10, 0, false},
        {"one", 0, 10, 0, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        host_args a = value(rows[i].text);
        host_failure f = {HOST_EXIT_DONE, ""};
        uint64_t out = 12345;
        bool good = host_args_u64(&a, rows[i].low, rows[i].high, &out, &f);
        uint64_t wanted = rows[i].good ? rows[i].wanted : 12345;
        if (good != rows[i].good || out != wanted ||
            (!good && strstr(f.text, rows[i].text) == NULL)) {
            fail_msg("'%s': wanted %d and %llu, got %d and %llu, '%s'",
                     rows[i].text, rows[i].good, (unsigned long long)wanted,
                     good, (unsigned long long)out, f.text);
        }
    }
}

static void numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double low, high, wanted;
        bool good;
    } rows[] = {
        {"0.002", 0, 1, 0.002, true},   {"-7", -10, 10, -7, true},
        {"1e3", 0, 1000, 1000, true},   {"inf", 0, HUGE_VAL, HUGE_VAL, true},
        {"inf", 0, 1e9, 0, false},      {"nan", -1, 1, 0, false},
        {"nan", 0, HUGE_VAL, 0, false}, {"-nan", 0, HUGE_VAL, 0, false},
        {"1e999", 0, 1e9, 0, false},    {"1.5x", 0, 10, 0, false},
        {" 1", 0, 10, 0, false},        {"", 0, 10, 0, false},
        {"1,5", 0, 10, 0, false},       {"1.0001", 0, 1, 0, false},
        {"1e-999", 0, 1, 0, false},     {"1e999", 0, HUGE_VAL, 0, false},
        {"0x10", 0, 20, 0, false},      {"-0X1p3", -9, 9, 0, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        host_args a = value(rows[i].text);
        host_failure f = {HOST_EXIT_DONE, ""};
        double out = 12345;
        bool good = host_args_double(&a, rows[i].low, rows[i].high, &out, &f);
        double wanted = rows[i].good ? rows[i].wanted : 12345;
        if (good != rows[i].good || out < wanted || out > wanted) {
            fail_msg("'%s': wanted %d and %g, got %d and %g", rows[i].text,
                     rows[i].good, wanted, good, out);
        }
    }
}

/* A path longer than a message does not crowd out the reason. */
static void long_paths(void **state)
{
    (void)state;
    static char path[100000];
    host_failure f = {HOST_EXIT_DONE, ""};
    memset(path, 'p', sizeof path - 1);
    memcpy(path, "first", 5);
    assert_false(host_fail(&f, "%s: it is \n long", path));
    assert_int_equal(strlen(f.text), sizeof f.text - 1);
    assert_memory_equal(f.text, "firstpp", 7);
    assert_non_null(strstr(f.text, "ppp ... ppp"));
    assert_string_equal(f.text + strlen(f.text) - 16, "pp: it is ? long");
}

static void words(void **state)
{
    (void)state;
    static const char *const choices[] = {"png", "npy", NULL};
    host_args a = value("npy");
    host_failure f = {HOST_EXIT_DONE, ""};
    int out = -1;
    assert_true(host_args_word(&a, choices, &out, &f));
    assert_int_equal(out, 1);
    a = value("pn");
    assert_false(host_args_word(&a, choices, &out, &f));
    assert_non_null(strstr(f.text, "wanted one of png, npy, got 'pn'"));
}

static void lists(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t count;
        uint64_t numbers[6]; /* the first ones */
        uint64_t max;
        bool repeats;
    } rows[] = {
        {"5", 1, {5}, 5, false},
        {"0-3,7", 5, {0, 1, 2, 3, 7}, 7, false},
        {"7,0-1,7", 4, {7, 0, 1, 7}, 7, true},
        {"9-9", 1, {9}, 9, false},
        {"2-4,4-5", 5, {2, 3, 4, 4, 5}, 5, true},
        {"0-999999999999", 1000000000000, {0, 1, 2}, 999999999999, false},
        {"18446744073709551615", 1, {UINT64_MAX}, UINT64_MAX, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        host_args_list list;
        host_failure f = {HOST_EXIT_DONE, ""};
        if (!host_args_list_parse("seeds", rows[i].text, &list, &f)) {
            fail_msg("'%s' refused: %s", rows[i].text, f.text);
        }
        assert_true(list.count == rows[i].count);
        for (uint64_t k = 0; k < 6 && k < list.count; k++) {
            uint64_t got = host_args_list_at(&list, k);
            if (got != rows[i].numbers[k] && (k < 3 || list.count < 7)) {
                fail_msg("'%s' number %llu: wanted %llu, got %llu",
                         rows[i].text, (unsigned long long)k,
                         (unsigned long long)rows[i].numbers[k],
                         (unsigned long long)got);
            }
        }
        assert_true(host_args_list_max(&list) == rows[i].max);
        assert_int_equal(host_args_list_repeats(&list, UINT64_MAX),
                         rows[i].repeats);
        host_args_list_free(&list);
    }
}

static void repeats_modulo(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool repeats;
    } rows[] = {
        {"0,4294967296", true},
        {"0,4294967297", false},
        {"4294967295-4294967296,1", false},
        {"4294967295-4294967296,0", true},
        {"5-4294967300", false}, /* 2^32 numbers, */
        {"5-4294967301", true},  /* and one more */
        {"8589934592,3,12884901891", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        host_args_list list;
        host_failure f = {HOST_EXIT_DONE, ""};
        assert_true(host_args_list_parse("seeds", rows[i].text, &list, &f));
        if (host_args_list_repeats(&list, UINT32_MAX) != rows[i].repeats) {
            fail_msg("'%s': wanted %d", rows[i].text, rows[i].repeats);
        }
        host_args_list_free(&list);
    }
}

static void bad_lists(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "not a list"},
        {",", "not a list"},
        {"1,", "not a list"},
        {",1", "not a list"},
        {"1,,2", "not a list"},
        {"1-", "not a list"},
        {"-1", "not a list"},
        {"1--2", "not a list"},
        {"1-2-3", "not a list"},
        {"1 2", "not a list"},
        {"a", "not a list"},
        {"0x10", "not a list"},
        {"5-2", "backwards"},
        {"1,5-2", "backwards"},
        {"18446744073709551616", "not a list"},
        {"0-18446744073709551615", "too long"},
        {"1-18446744073709551615,1", "too long"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        host_args_list list;
        host_failure f = {HOST_EXIT_DONE, ""};
        bool good = host_args_list_parse("seeds", rows[i].text, &list, &f);
        if (good || f.code != HOST_EXIT_USAGE || list.ranges != NULL ||
            strstr(f.text, rows[i].says) == NULL) {
            fail_msg("'%s': wanted '%s', got %d, code %d, '%s'", rows[i].text,
                     rows[i].says, good, f.code, f.text);
        }
    }
}

/* A name with control bytes must not break the one line of a message. */
static void one_line(void **state)
{
    (void)state;
    host_failure f;
    host_fail(&f, "%s: bad", "a\nb\x1b[31m\x7f");
    assert_string_equal(f.text, "a?b?[31m?: bad");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_in_order),
        cmocka_unit_test(bad_options),
        cmocka_unit_test(integers),
        cmocka_unit_test(numbers),
        cmocka_unit_test(long_paths),
        cmocka_unit_test(words),
        cmocka_unit_test(lists),
        cmocka_unit_test(repeats_modulo),
        cmocka_unit_test(bad_lists),
        cmocka_unit_test(one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
