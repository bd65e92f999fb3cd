/* SPDX-License-Identifier: MIT
 *
 * failure_test.c - what goes wrong leaves one clear line and no file. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "codegen/emit/emit.h"
#include "tests/gen/gen_test.h"

/* Emits, wants failure, wants the parts of `words` in the error. */
static void fails(const tiny *t, const char *path, const char *name,
                  const char *words)
{
    cg_freeze freeze = {path, name, {NULL}};
    cg_error error = {""};

    if (cg_emit(&t->program, &t->file, &freeze, &error)) {
        fail_msg("cg_emit succeeded; wanted an error with \"%s\"", words);
    }
    if (strstr(error.text, words) == NULL) {
        fail_msg("error \"%s\"; wanted \"%s\" in it", error.text, words);
    }
}

static void bad_model_names_are_refused(void **state)
{
    static const char *const names[] = {
        "",
        "0a",
        "_a",
        "a-b",
        "a/b",
        "../a",
        "a b",
        "a\n",
        "a.b",
        "cedm",
        "CEDM",
        "cedm_state",
        "a2345678901234567890123456789012345678901234567890"};
    static tiny t;

    (void)state;
    tiny_make(&t);
    gen_directory();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        fails(&t, gen_path(), names[i], "choose another name");
    }
    assert_int_equal(gen_count(gen_path()), 0);
    gen_emit(&t, gen_path(), "cedma_1");
    gen_remove();
}

static void a_file_is_no_directory(void **state)
{
    char path[300];
    FILE *file;
    static tiny t;

    (void)state;
    tiny_make(&t);
    snprintf(path, sizeof path, "%s/file", gen_directory());
    file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    fails(&t, path, "tiny", "Not a directory");
    strcat(path, "/below");
    fails(&t, path, "tiny", "Not a directory");
    assert_int_equal(gen_count(gen_path()), 1);
    gen_remove();
}

static void missing_directories_are_made(void **state)
{
    char path[300];
    static tiny t;

    (void)state;
    tiny_make(&t);
    snprintf(path, sizeof path, "%s/a", gen_directory());
    gen_emit(&t, path, "tiny");
    assert_int_equal(gen_count(path), 6);
    gen_emit(&t, path, "tiny"); /* and again, over the old files */
    assert_int_equal(gen_count(path), 6);
    for (int i = 0; i < 6; i++) {
        static const char *const suffixes[] = {"c",   "h",   "map",
                                               "csv", "svg", "cedm"};
        char file[400];

        snprintf(file, sizeof file, "%s/tiny.%s", path, suffixes[i]);
        assert_int_equal(unlink(file), 0);
    }
    assert_int_equal(rmdir(path), 0);
    gen_remove();
}

static void a_directory_in_the_way_is_an_error(void **state)
{
    char path[300];
    static tiny t;

    (void)state;
    tiny_make(&t);
    snprintf(path, sizeof path, "%s/tiny.svg", gen_directory());
    assert_int_equal(mkdir(path, 0777), 0);
    fails(&t, gen_path(), "tiny", "tiny.svg: cannot create");
    assert_int_equal(gen_count(gen_path()), 1);
    gen_remove();
}

/* Root may write anywhere, so it becomes nobody for a moment. */
static void an_unwritable_directory_is_an_error(void **state)
{
    static tiny t;
    uid_t user = geteuid();

    (void)state;
    tiny_make(&t);
    gen_directory();
    assert_int_equal(chmod(gen_path(), 0555), 0);
    if (user == 0 && seteuid(65534) != 0) {
        gen_remove();
        skip();
    }
    fails(&t, gen_path(), "tiny", "choose a directory that can be written");
    assert_int_equal(gen_count(gen_path()), 0);
    assert_int_equal(seteuid(user), 0);
    gen_remove();
}

/* A limit on file sizes makes write() fail like a full disk, at any byte. */
static void no_limit_leaves_a_file(void **state)
{
    struct rlimit old, limit;
    size_t size;
    rlim_t largest = 0;
    static tiny t;

    (void)state;
    tiny_make(&t);
    gen_emit(&t, gen_directory(), "tiny");
    for (int i = 0; i < 6; i++) {
        static const char *const names[] = {"tiny.c",   "tiny.h",
                                            "tiny.map", "tiny.csv",
                                            "tiny.svg", "tiny.cedm"};
        free(gen_read(gen_path(), names[i], &size));
        largest = size > largest ? size : largest;
    }
    gen_remove();
    gen_directory();
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    limit = old;
    for (limit.rlim_cur = 0; limit.rlim_cur < largest; limit.rlim_cur += 97) {
        cg_freeze freeze = {gen_path(), "tiny", {NULL}};
        cg_error error = {""};
        bool good;
        int left;

        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        good = cg_emit(&t.program, &t.file, &freeze, &error);
        setrlimit(RLIMIT_FSIZE, &old);
        left = gen_count(gen_path());
        if (good || left != 0 ||
            strstr(error.text, "cannot write: File too large") == NULL) {
            fail_msg("limit %lu: result %d, %d files, error \"%s\"",
                     (unsigned long)limit.rlim_cur, good, left, error.text);
        }
    }
    signal(SIGXFSZ, SIG_DFL);
    gen_remove();
}

static void old_files_survive_a_failure(void **state)
{
    static const unsigned char infinity[] = {0, 0, 0x80, 0x7f};
    static tiny t;
    unsigned char *before, *after;
    size_t size, again;

    (void)state;
    tiny_make(&t);
    gen_emit(&t, gen_directory(), "tiny");
    before = gen_read(gen_path(), "tiny.cedm", &size);
    memcpy(t.data[5], infinity, sizeof infinity);
    fails(&t, gen_path(), "tiny", "not finite");
    after = gen_read(gen_path(), "tiny.cedm", &again);
    assert_int_equal(again, size);
    assert_memory_equal(after, before, size);
    assert_int_equal(gen_count(gen_path()), 6);
    free(before);
    free(after);
    gen_remove();
}

static void a_full_disk_is_named(void **state)
{
    cg_out *out = calloc(1, sizeof *out);
    cg_error error = {""};

    (void)state;
    assert_non_null(out);
    if (!cg_out_open(out, gen_directory(), "tiny", ".c", &error)) {
        fail_msg("cg_out_open: %s", error.text);
    }
    /* The same file number, now on a device that is always full. */
    assert_non_null(freopen("/dev/full", "r+", stdin));
    assert_int_equal(dup2(fileno(stdin), out->fd), out->fd);
    for (int i = 0; i < 100; i++) {
        cg_out_zeros(out, 1000);
    }
    assert_false(cg_out_finish(out, &error));
    assert_non_null(strstr(error.text, "No space left on device; free"));
    cg_out_discard(out);
    assert_int_equal(gen_count(gen_path()), 0);
    free(out);
    gen_remove();
}

static void values_that_are_not_finite_are_refused(void **state)
{
    static const unsigned char infinity[] = {0, 0, 0x80, 0x7f};
    static tiny t;

    (void)state;
    tiny_make(&t);
    memcpy(t.data[5] + 8, infinity, sizeof infinity);
    fails(&t, gen_directory(), "tiny", "norm0.weight: a value is not finite");
    tiny_make(&t);
    for (int i = 0; i < 8; i++) {
        t.data[1][i] = i == 7 ? 0x7e : 0xff; /* 1e300 or so, as F64 */
    }
    fails(&t, gen_path(), "tiny", "map_label.bias: a value is not finite");
    assert_int_equal(gen_count(gen_path()), 0);
    gen_remove();
}

static void compiler_failures_are_clear(void **state)
{
    cg_freeze freeze = {gen_directory(), "tiny", {NULL}};
    cg_error error = {""};
    static tiny t;

    (void)state;
    tiny_make(&t);
    gen_emit(&t, gen_path(), "tiny");
    assert_false(cg_compile(&freeze, CG_SHARED, "no-such-compiler", "include",
                            &error));
    assert_non_null(strstr(error.text, "no-such-compiler"));
    assert_non_null(strstr(error.text, "install one"));
    assert_false(cg_compile(&freeze, CG_SHARED, "false", "include", &error));
    assert_non_null(strstr(error.text, "exit status 1"));
    assert_int_equal(gen_count(gen_path()), 6);
    gen_remove();
}

/* Half a row, more rows than there are, some rows of a layout that mixes
 * them. */
static void parts_that_do_not_fit_are_refused(void **state)
{
    static const struct {
        int param;
        uint32_t elements;
    } bad[] = {{3, 44}, {3, 225}, {5, 5}, {4, 9}, {0, 8}};
    static tiny t;

    (void)state;
    gen_directory();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cg_param *param = &t.params[bad[i].param];

        tiny_make(&t);
        param->parts->elements = param->elements = bad[i].elements;
        fails(&t, gen_path(), "tiny", "does not fit its layout");
    }
    assert_int_equal(gen_count(gen_path()), 0);
    gen_remove();
}

int gen_test_failure(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_model_names_are_refused),
        cmocka_unit_test(a_file_is_no_directory),
        cmocka_unit_test(missing_directories_are_made),
        cmocka_unit_test(a_directory_in_the_way_is_an_error),
        cmocka_unit_test(an_unwritable_directory_is_an_error),
        cmocka_unit_test(no_limit_leaves_a_file),
        cmocka_unit_test(old_files_survive_a_failure),
        cmocka_unit_test(a_full_disk_is_named),
        cmocka_unit_test(values_that_are_not_finite_are_refused),
        cmocka_unit_test(compiler_failures_are_clear),
        cmocka_unit_test(parts_that_do_not_fit_are_refused)};

    return cmocka_run_group_tests_name("failure", tests, NULL, NULL);
}
