/* SPDX-License-Identifier: MIT
 *
 * fault_test.c - the tools when a call of the system fails: every call of a
 * run in turn, once or from then on, until a run gets by without a failure.
 *
 * A failed run says one line and exits with 1; the folder of its output is
 * as it was before.  Where a failure does not matter, the output is whole.
 * Each run is a child process. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fault.h"
#include "scene.h"

typedef struct command {
    int (*tool)(int argc, char **argv);
    const char *argv[16]; /* NULL-terminated; the name first */
} command;

typedef struct result {
    int status;
    char text[2048]; /* what went to standard error */
} result;

/* ---- one run ----------------------------------------------------------- */

static void run_child(const command *c, const fault *wanted, FILE *errors)
{
    char *argv[16] = {NULL};
    int argc = 0;
    for (; c->argv[argc] != NULL; argc++) {
        memcpy(&argv[argc], &c->argv[argc], sizeof argv[argc]);
    }
    if (freopen("/dev/null", "w", stdout) == NULL ||
        dup2(fileno(errors), STDERR_FILENO) < 0) {
        _exit(99);
    }
    /* cmocka's handlers would go on with the tests. */
    (void)signal(SIGSEGV, SIG_DFL);
    (void)signal(SIGBUS, SIG_DFL);
    (void)signal(SIGFPE, SIG_DFL);
    (void)signal(SIGILL, SIG_DFL);
    fault_arm(wanted->kind, wanted->at, wanted->for_ever);
    int status = c->tool(argc, argv);
    _exit(status); /* faults->live says whether all memory was freed */
}

static result run(const command *c, const fault *wanted)
{
    result r = {.status = -1};
    FILE *errors = tmpfile();
    assert_non_null(errors);
    (void)fflush(stdout);
    (void)fflush(stderr);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        run_child(c, wanted, errors);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    faults->kind = FAULT_NONE;
    r.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    rewind(errors);
    size_t n = fread(r.text, 1, sizeof r.text - 1, errors);
    r.text[n] = '\0';
    assert_int_equal(fclose(errors), 0);
    return r;
}

/* ---- what must hold ---------------------------------------------------- */

static void complain(const command *c, const fault *wanted, const result *r,
                     const char *what)
{
    fail_msg("%s, %s number %u%s fails (%s): %s; exit %d, \"%s\", output\n%s",
             c->argv[0], faults->hit == NULL ? "no call" : faults->hit,
             wanted->at, wanted->for_ever ? " and on" : "",
             strerror(faults->code), what, r->status, r->text,
             scene_listing());
}

static void check_failed(const command *c, const fault *wanted,
                         const result *r, const char *before,
                         const char *whole)
{
    size_t name = strlen(c->argv[0]);
    const char *reason = wanted->kind == FAULT_MEMORY
                             ? "memory"
                             : strerror(faults->code);
    if (r->status != 1) {
        complain(c, wanted, r, "wanted exit code 1");
    }
    if (strncmp(r->text, c->argv[0], name) != 0 ||
        strncmp(r->text + name, ": ", 2) != 0 ||
        strchr(r->text, '\n') != r->text + strlen(r->text) - 1) {
        complain(c, wanted, r, "wanted one line");
    }
    if (!wanted->for_ever && strstr(r->text, reason) == NULL) {
        complain(c, wanted, r, "wanted the reason");
    }
    /* The summary comes after the output, which then stays. */
    bool summary = strstr(r->text, "standard output") != NULL;
    if (strcmp(scene_listing(), summary ? whole : before) != 0) {
        complain(c, wanted, r, "wanted the output's folder as before");
    }
}

/* Fails each call in turn; returns how many there are.  Starts each run
 * with the files of `old`, if it is not NULL. */
static unsigned fail_each(const command *c, fault wanted, const command *old,
                          unsigned step)
{
    static const fault none = {.kind = FAULT_NONE};
    char before[SCENE_LISTING_MAX], whole[SCENE_LISTING_MAX];
    scene_clear();
    if (old != NULL) {
        assert_int_equal(run(old, &none).status, 0);
    }
    strcpy(before, scene_listing());
    result r = run(c, &none);
    bool writes = c->tool != info_main;
    if (r.status != 0 || (strcmp(scene_listing(), before) != 0) != writes) {
        complain(c, &none, &r, "wanted output");
    }
    strcpy(whole, scene_listing());
    for (wanted.at = 1;; wanted.at += 1 + wanted.at / step) {
        scene_clear();
        if (old != NULL) {
            assert_int_equal(run(old, &none).status, 0);
        }
        r = run(c, &wanted);
        /* stb_image_write keeps what it compressed when it has no memory
         * for the file. */
        bool may_keep = c->tool == gen_main && wanted.kind == FAULT_MEMORY;
        if (faults->live != 0 && !may_keep) {
            complain(c, &wanted, &r, "wanted all memory freed");
        }
        if (r.status != 0) {
            check_failed(c, &wanted, &r, before, whole);
        } else if (strcmp(scene_listing(), whole) != 0) {
            complain(c, &wanted, &r, "wanted the whole output");
        } else if (faults->hit == NULL) {
            return wanted.at - 1;
        }
    }
}

#define ALL 1000000u

static void fail_once_and_on(const command *c, const command *old)
{
    unsigned calls = fail_each(c, (fault){.kind = FAULT_IO}, old, ALL);
    assert_true(calls >= 5);
    (void)fail_each(c, (fault){.kind = FAULT_IO, .for_ever = true}, old, ALL);
}

/* ---- cedm-freeze ------------------------------------------------------- */

static const command freeze = {
    freeze_main,
    {"cedm-freeze", SCENE_CHECKPOINT, "-o", SCENE_OUTPUT, "--name", "m"}};
static const command freeze_other = {
    freeze_main,
    {"cedm-freeze", SCENE_OTHER_CHECKPOINT, "-o", SCENE_OUTPUT, "--name",
     "m"}};

static void freeze_into_an_empty_folder(void **state)
{
    (void)state;
    fail_once_and_on(&freeze, NULL);
}

/* The model that was there stays there, all of it. */
static void freeze_over_another_model(void **state)
{
    (void)state;
    /* Not from then on: what cannot be renamed cannot be renamed back. */
    assert_true(fail_each(&freeze, (fault){.kind = FAULT_IO}, &freeze_other,
                          ALL) > 5);
}

/* Neither is a failure. */
static void freeze_with_short_and_interrupted_writes(void **state)
{
    (void)state;
    assert_true(fail_each(&freeze, (fault){.kind = FAULT_PARTIAL}, NULL,
                          ALL) > 5);
    assert_true(fail_each(&freeze, (fault){.kind = FAULT_INTERRUPT}, NULL,
                          ALL) > 5);
}

static void freeze_without_memory(void **state)
{
    (void)state;
    (void)fail_each(&freeze, (fault){.kind = FAULT_MEMORY}, NULL, 24);
}

/* ---- cedm-info --------------------------------------------------------- */

static void info_of_a_checkpoint_and_a_blob(void **state)
{
    (void)state;
    static const command checkpoint = {info_main,
                                       {"cedm-info", SCENE_CHECKPOINT}};
    static const command blob = {info_main,
                                 {"cedm-info", SCENE_OUTPUT "/m.cedm"}};
    fail_once_and_on(&checkpoint, NULL);
    fail_once_and_on(&blob, &freeze);
}

/* ---- cedm-gen ---------------------------------------------------------- */

#define GEN "cedm-gen", "--n", "1", "--steps", "1", "--threads", "2",        \
    "--progress", "none"

static void gen_a_grid(void **state)
{
    (void)state;
    static const command c = {gen_main, {GEN, "--out", SCENE_OUTPUT "/x.png"}};
    fail_once_and_on(&c, NULL);
}

static void gen_an_array_over_another(void **state)
{
    (void)state;
    static const command c = {
        gen_main, {GEN, "--seed", "7", "--format", "npy", "--out",
                   SCENE_OUTPUT "/x.npy"}};
    static const command old = {
        gen_main, {GEN, "--format", "npy", "--out", SCENE_OUTPUT "/x.npy"}};
    fail_once_and_on(&c, &old);
}

static void gen_a_file_for_a_seed(void **state)
{
    (void)state;
    static const command c = {gen_main,
                              {GEN, "--grid", "none", "--out", SCENE_OUTPUT}};
    fail_once_and_on(&c, NULL);
}

static void gen_from_a_png(void **state)
{
    (void)state;
    static const command c = {
        gen_main, {"cedm-gen", "--from", SCENE_PNG, "--threads", "1",
                   "--progress", "none", "--out", SCENE_OUTPUT "/x.png"}};
    static const command png = {gen_main, {GEN, "--out", SCENE_PNG}};
    static const fault none = {.kind = FAULT_NONE};
    assert_int_equal(run(&png, &none).status, 0);
    fail_once_and_on(&c, NULL);
}

/* Some of the many calls of cJSON and of the rest. */
static void gen_without_memory(void **state)
{
    (void)state;
    static const command c = {gen_main, {GEN, "--out", SCENE_OUTPUT "/x.png"}};
    (void)fail_each(&c, (fault){.kind = FAULT_MEMORY}, NULL, 8);
}

/* ------------------------------------------------------------------------ */

static int set_up(void **state)
{
    (void)state;
    static const fault none = {.kind = FAULT_NONE};
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(fwrite(&none, sizeof none, 1, file), 1);
    assert_int_equal(fflush(file), 0);
    void *shared = mmap(NULL, sizeof none, PROT_READ | PROT_WRITE, MAP_SHARED,
                        fileno(file), 0);
    assert_true(shared != MAP_FAILED);
    assert_int_equal(fclose(file), 0);
    faults = shared;
    fault_wrap_json();
    scene_make();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    scene_remove();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(freeze_into_an_empty_folder),
        cmocka_unit_test(freeze_over_another_model),
        cmocka_unit_test(freeze_with_short_and_interrupted_writes),
        cmocka_unit_test(info_of_a_checkpoint_and_a_blob),
        cmocka_unit_test(gen_a_grid),
        cmocka_unit_test(gen_an_array_over_another),
        cmocka_unit_test(gen_a_file_for_a_seed),
        cmocka_unit_test(gen_from_a_png),
        cmocka_unit_test(freeze_without_memory),
        cmocka_unit_test(gen_without_memory),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
