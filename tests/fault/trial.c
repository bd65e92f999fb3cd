/* SPDX-License-Identifier: MIT
 *
 * trial.c - runs of a tool in which a call of the system fails, and what must
 * hold after each. */
#include "tests/fault/trial.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/fault/scene.h"

typedef struct result {
    int status;
    char text[4096]; /* what went to standard error */
} result;

static const fault none = {.kind = FAULT_NONE};

/* Each child of a sanitized program is expensive, and the way out after a call
 * is the same when later ones fail, too. */
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED true
#else
#define SANITIZED false
#endif

/* ---- one run ----------------------------------------------------------- */

static void run_child(const command *c, const fault *wanted, FILE *errors)
{
    char *argv[40] = {NULL};
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
    assert_int_equal(wait(&status), child); /* waitpid is wrapped */
    faults->kind = FAULT_NONE;
    r.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    rewind(errors);
    size_t n = fread(r.text, 1, sizeof r.text - 1, errors);
    r.text[n] = '\0';
    assert_int_equal(fclose(errors), 0);
    return r;
}

void trial_run(const command *c)
{
    result r = run(c, &none);
    if (r.status != 0) {
        fail_msg("%s: exit %d, \"%s\"", c->argv[0], r.status, r.text);
    }
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

/* Does it print and write no file? */
static bool prints(const command *c)
{
    bool dry = false;
    for (int i = 0; c->argv[i] != NULL; i++) {
        dry = dry || strcmp(c->argv[i], "--dry-run") == 0;
    }
    return c->tool == info_main || c->tool == verify_main || dry;
}

/* The line that says why; before it trainer and encoder tell their progress. */
static const char *last_line(const command *c, const result *r)
{
    size_t end = strlen(r->text);
    if (c->tool != train_main && c->tool != embed_main) {
        return r->text;
    }
    end -= end > 0;
    while (end > 0 && r->text[end - 1] != '\n') {
        end--;
    }
    return r->text + end;
}

static void check_said(const command *c, const fault *wanted, const result *r)
{
    size_t name = strlen(c->argv[0]);
    const char *line = last_line(c, r);
    const char *reason =
        wanted->kind == FAULT_MEMORY ? "memory" : strerror(faults->code);
    if (r->status != 1) {
        complain(c, wanted, r, "wanted exit code 1");
    }
    if (strncmp(line, c->argv[0], name) != 0 ||
        strncmp(line + name, ": ", 2) != 0 ||
        strchr(line, '\n') != line + strlen(line) - 1) {
        complain(c, wanted, r, "wanted one line");
    }
    if (!wanted->for_ever && strstr(line, reason) == NULL) {
        complain(c, wanted, r, "wanted the reason");
    }
}

/* Every point of a run that was there is there, and no file by halves but one
 * whose name says so: statistics and their picture may have changed, options
 * may be the new ones. */
static bool is_kept(const char *before, const char *whole)
{
    char all[SCENE_LISTING_MAX];
    (void)snprintf(all, sizeof all, "%s", scene_listing());
    for (const char *line = before; *line != '\0';
         line = strchr(line, '\n') + 1) {
        size_t length = (size_t)(strchr(line, '\n') + 1 - line);
        char text[160];
        (void)snprintf(text, sizeof text, "%.*s", (int)length, line);
        if (strstr(text, "stats.jsonl") == NULL &&
            strstr(text, "loss.png") == NULL &&
            strstr(text, "options.json") == NULL &&
            strstr(all, text) == NULL) {
            return false;
        }
    }
    for (char *line = strtok(all, "\n"); line != NULL;
         line = strtok(NULL, "\n")) {
        if (strstr(line, "stats.jsonl") == NULL &&
            strstr(line, ".part") == NULL && strstr(before, line) == NULL &&
            strstr(whole, line) == NULL) {
            return false;
        }
    }
    return true;
}

static void check_folder(const command *c, const fault *wanted,
                         const result *r, const char *before,
                         const char *whole)
{
    /* The summary comes after the output, which then stays. */
    bool summary = strstr(last_line(c, r), "standard output") != NULL;
    if (strcmp(scene_listing(), summary ? whole : before) != 0) {
        complain(c, wanted, r, "wanted the output's folder as before");
    }
}

static void check_again(const command *c, const fault *wanted,
                        const result *r, const command *again,
                        const char *before, const char *whole)
{
    if (strcmp(scene_listing(), before) == 0) {
        return; /* it would be the run without failures */
    }
    if (!is_kept(before, whole)) {
        complain(c, wanted, r, "wanted what was there, and whole files");
    }
    result after = run(again, &none);
    if (after.status != 0 || strcmp(scene_listing(), whole) != 0) {
        complain(c, wanted, after.status != 0 ? &after : r,
                 "wanted the next run to end as one without failures");
    }
}

/* The files of `old`, which are made once. */
static void start(const command *old, bool first)
{
    if (first || old == NULL) {
        scene_clear();
    }
    if (old != NULL && first) {
        trial_run(old);
        scene_save();
    } else if (old != NULL) {
        scene_restore();
    }
}

unsigned trial_fail_each(const command *c, fault wanted, const command *old,
                         const command *again, unsigned step)
{
    char before[SCENE_LISTING_MAX], whole[SCENE_LISTING_MAX];
    start(old, true);
    strcpy(before, scene_listing());
    trial_run(c);
    strcpy(whole, scene_listing());
    if ((strcmp(whole, before) != 0) == prints(c)) {
        fail_msg("%s: wanted output, got\n%s", c->argv[0], whole);
    }
    for (wanted.at = 1;; wanted.at += 1 + wanted.at / step) {
        start(old, false);
        result r = run(c, &wanted);
        /* stb_image_write keeps what it compressed when it has no memory
         * for the file. */
        bool may_keep = wanted.kind == FAULT_MEMORY &&
                        (c->tool == gen_main || c->tool == train_main);
        if (faults->live != 0 && !may_keep) {
            complain(c, &wanted, &r, "wanted all memory freed");
        }
        if (r.status != 0) {
            check_said(c, &wanted, &r);
            if (again != NULL) {
                check_again(c, &wanted, &r, again, before, whole);
            } else {
                check_folder(c, &wanted, &r, before, whole);
            }
        } else if (strcmp(scene_listing(), whole) != 0) {
            complain(c, &wanted, &r, "wanted the whole output");
        } else if (faults->hit == NULL) {
            return wanted.at - 1;
        }
    }
}

void trial_fail_files(const command *c, const command *old,
                      const command *again)
{
    unsigned step = again != NULL ? 8 : TRIAL_ALL; /* runs that take long */
    unsigned calls =
        trial_fail_each(c, (fault){.kind = FAULT_IO}, old, again, step);
    assert_true(calls >= 5);
    if (!SANITIZED) {
        (void)trial_fail_each(c, (fault){.kind = FAULT_IO, .for_ever = true},
                              old, again, step);
    }
}
