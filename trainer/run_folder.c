/* SPDX-License-Identifier: MIT
 *
 * run_folder.c - the folder of a run: whether it may be written to, by whom,
 * and what there is to go on with. */
#define _XOPEN_SOURCE 700 /* realpath */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/files/output.h"
#include "trainer/run.h"

/* ---- inside the data ---------------------------------------------------- */

/* The nearest folder above a path, or itself, that exists, without links. */
static bool find_existing(const char *path, char real[PATH_MAX])
{
    char copy[PATH_MAX];
    char *slash = NULL;

    (void)snprintf(copy, sizeof copy, "%s", path);
    while (realpath(copy, real) == NULL) {
        slash = strrchr(copy, '/');
        if (slash == copy || slash == NULL) {
            return realpath(slash == NULL ? "." : "/", real) != NULL;
        }
        *slash = '\0';
    }
    return true;
}

/* Grids inside a folder of images would be images when the run goes on. */
static bool check_outside(const train_options *o, host_failure *f)
{
    char data[PATH_MAX], out[PATH_MAX];
    struct stat info;
    size_t n;

    if (realpath(o->data, data) == NULL || !find_existing(o->out, out) ||
        stat(data, &info) != 0 || !S_ISDIR(info.st_mode)) {
        return true;
    }
    n = strlen(data);
    return strncmp(out, data, n) != 0 ||
           (out[n] != '/' && out[n] != '\0' && n > 1) ||
           host_fail(f,
                     "%s: lies in the folder of images, %s, and its pictures "
                     "would become images; give another --out",
                     o->out, o->data);
}

/* ---- in use ------------------------------------------------------------- */

static bool is_ours(const char *name)
{
    static const char *const names[] = {"options.json", "stats.jsonl",
                                        "loss.png", "fd.png"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return train_run_number(name, "snapshot", "safetensors") >= 0 ||
           train_run_number(name, "averages", "safetensors") >= 0 ||
           train_run_number(name, "state", "safetensors") >= 0 ||
           train_run_number(name, "grid", "png") >= 0;
}

static bool is_file(const char *folder, const char *name)
{
    char path[4096];
    struct stat info;

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

/* A new run replaces nothing, whoever wrote it. */
static bool check_unused(const char *folder, host_failure *f)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    bool good = true;

    if (dir == NULL) {
        return host_fail(f, "%s: cannot be read: %s", folder,
                         strerror(errno));
    }
    for (errno = 0; good && (entry = readdir(dir)) != NULL; errno = 0) {
        if (is_ours(entry->d_name) && is_file(folder, entry->d_name)) {
            good =
                host_fail(f,
                          "%s/%s: is there already, and no state to go on "
                          "with; remove what the earlier run left, or give "
                          "another --out",
                          folder, entry->d_name);
        }
    }
    if (good && errno != 0) {
        good =
            host_fail(f, "%s: cannot be read: %s", folder, strerror(errno));
    }
    (void)closedir(dir);
    return good;
}

static bool check_new(const train_options *o, host_failure *f)
{
    int64_t number;

    if (!train_run_newest(o->out, "state", "safetensors", INT64_MAX, &number,
                          f)) {
        return false;
    }
    return number >= 0
               ? host_fail(f,
                           "%s/state-%09" PRId64 ".safetensors: belongs to a "
                           "run already; give --resume or another --out",
                           o->out, number)
               : check_unused(o->out, f);
}

bool train_run_enter(train_run *r, host_failure *f)
{
    const train_options *o = r->options;
    struct stat info;

    if (o->dry_run) {
        return true;
    }
    if (!check_outside(o, f)) {
        return false;
    }
    if (stat(o->out, &info) != 0 && errno == ENOENT) {
        return true; /* nobody's yet */
    }
    return host_lock_folder(&r->lock, o->out, f) &&
           (o->resume || check_new(o, f));
}

/* ---- the state to go on with -------------------------------------------- */

/* Whatever is in a file: cg_open compares its checksums. */
static bool is_good(const char *path)
{
    cg_error error;
    cg_file *file = cg_open(path, &error);

    cg_close(file);
    return file != NULL;
}

static void state_path(const char *folder, int64_t number, char *path,
                       size_t size)
{
    (void)snprintf(path, size, "%s/state-%09" PRId64 ".safetensors", folder,
                   number);
}

/* Says why the newest state is unusable, and which one is not. */
static bool offer_older(const char *folder, int64_t number,
                        const cg_error *error, host_failure *f)
{
    char newest[4096], path[4096];

    state_path(folder, number, newest, sizeof newest);
    while (train_run_newest(folder, "state", "safetensors", number, &number,
                            f) &&
           number >= 0) {
        state_path(folder, number, path, sizeof path);
        if (is_good(path)) {
            return host_fail(f,
                             "%.600s; the newest good state is %s: remove %s "
                             "and --resume goes on from there",
                             error->text, path, newest);
        }
    }
    return host_fail(f, "%s; there is no older state that is good",
                     error->text);
}

bool train_run_find_state(const train_run *r, cg_file **state,
                          host_failure *f)
{
    const train_options *o = r->options;
    char path[4096];
    cg_error error = {""};
    int64_t number;

    *state = NULL;
    if (!o->resume) {
        return true;
    }
    if (!train_run_newest(o->out, "state", "safetensors", INT64_MAX, &number,
                          f)) {
        return false;
    }
    if (number < 0) {
        return host_fail(f,
                         "%s: nothing to resume; wanted a file state-NNN."
                         "safetensors",
                         o->out);
    }
    state_path(o->out, number, path, sizeof path);
    *state = cg_open(path, &error);
    return *state != NULL || offer_older(o->out, number, &error, f);
}

/* ---- the first file ----------------------------------------------------- */

static bool write_options(const train_run *r, host_failure *f)
{
    char path[4096];
    host_output out;

    (void)snprintf(path, sizeof path, "%s/options.json", r->options->out);
    if (!host_output_open(&out, path, f)) {
        return false;
    }
    (void)fprintf(out.stream,
                  "{\"network\":%s,\n\"recipe\":%s,\n\"data\":%s,\n"
                  "\"arguments\":%s}\n",
                  r->config, r->recipe, r->data_json, r->options->arguments);
    return host_output_commit(&out, f);
}

/* Averages of later points belong to a future that need not come again, and
 * would be mixed with those of this one. */
static bool remove_later_averages(const train_run *r, host_failure *f)
{
    const char *out = r->options->out;
    int64_t number = INT64_MAX;
    char path[4096];

    while (train_run_newest(out, "averages", "safetensors", number, &number,
                            f)) {
        if (number <= (int64_t)r->seen) {
            return true;
        }
        train_run_path_at(r, "averages", "safetensors", (uint64_t)number,
                          path, sizeof path);
        (void)unlink(path);
    }
    return false;
}

bool train_run_begin_files(train_run *r, host_failure *f)
{
    const train_options *o = r->options;

    if (!host_output_directory(o->out, f)) {
        return false;
    }
    if (r->lock.path == NULL && (!host_lock_folder(&r->lock, o->out, f) ||
                                 !(o->resume || check_new(o, f)))) {
        return false;
    }
    return remove_later_averages(r, f) && write_options(r, f) &&
           train_run_cut_stats(r, f) && train_run_recall_distances(r, f);
}
