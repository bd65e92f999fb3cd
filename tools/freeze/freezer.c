/* SPDX-License-Identifier: MIT
 *
 * freezer.c - a model that is to be compiled or compared is first frozen into
 * a hidden folder in the target's; the same program gives the same bytes once
 * more. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/freeze/freezer.h"
#include "host/verify/verify.h"

#define PATH_BYTES 1100

#define OLD "so.old" /* the library that is replaced, in the hidden folder */

/* What cg_emit, cg_compile and publish write. */
static const char *const suffixes[] = {"h",   "c",   "cedm", "map",
                                       "svg", "csv", "so",   OLD};
#define SUFFIXES (sizeof suffixes / sizeof suffixes[0])

/* The folder of cedm_model.h: `include` beside the program's folder or beside
 * one above it, so that it is found in a build tree and when installed. */
static bool find_include(char *path, size_t size, host_failure *f)
{
    static char program[1024];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length <= 0) {
        return host_fail(f,
                         "the program's own folder cannot be found, which "
                         "the include folder is near: %s",
                         strerror(errno));
    }
    program[length] = '\0';
    char *slash;
    while ((slash = strrchr(program, '/')) != NULL) {
        *slash = '\0';
        snprintf(path, size, "%s/include/cedm_model.h", program);
        if (access(path, R_OK) == 0) {
            *strrchr(path, '/') = '\0';
            return true;
        }
        if (errno != ENOENT && errno != ENOTDIR) {
            return host_fail(f, "%s: cannot be read: %s", path,
                             strerror(errno));
        }
    }
    return host_fail(f,
                     "found no include/cedm_model.h near cedm-freeze, which "
                     "the model is compiled with");
}

static bool compile(const cg_freeze *freeze, host_failure *f)
{
    static char include_dir[PATH_BYTES];
    if (!find_include(include_dir, sizeof include_dir, f)) {
        return false;
    }
    const char *cc = getenv("CC");
    cg_error error;
    return cg_compile(freeze, cc != NULL && cc[0] != '\0' ? cc : "cc",
                      include_dir, &error) ||
           host_fail(f, "%s", error.text);
}

/* ---- in a folder of its own -------------------------------------------- */

static void path_of(char path[PATH_BYTES], const cg_freeze *freeze,
                    const char *suffix)
{
    snprintf(path, PATH_BYTES, "%s/%s.%s", freeze->directory, freeze->name,
             suffix);
}

static bool compare(const cg_freeze *stage, const char *golden,
                    host_failure *f)
{
    static host_verify v; /* holds a cedm_net, which must not move */
    char path[PATH_BYTES];
    path_of(path, stage, "so");
    v.tolerance = (double)NAN;
    bool good = host_verify_files(&v, path, golden, host_verify_denoise, f);
    host_verify_close(&v);
    return good;
}

static void clear(const cg_freeze *stage)
{
    for (size_t i = 0; i < SUFFIXES; i++) {
        char path[PATH_BYTES];
        path_of(path, stage, suffixes[i]);
        unlink(path);
    }
    rmdir(stage->directory);
}

static bool emit(const cg_freeze *freeze, const cg_program *program,
                 const cg_file *checkpoint, host_failure *f)
{
    cg_error error;
    return cg_emit(program, checkpoint, freeze, &error) ||
           host_fail(f, "%s", error.text);
}

static bool stage_model(const freezer *to, const cg_freeze *stage,
                        const cg_program *program, const cg_file *checkpoint,
                        host_failure *f)
{
    return emit(stage, program, checkpoint, f) && compile(stage, f) &&
           (to->golden == NULL || compare(stage, to->golden, f));
}

/* ---- and then in the target -------------------------------------------- */

/* The library goes first: a rename or two bring the old one back if the
 * other files, which are replaced together, cannot be. */
static bool publish(const cg_freeze *freeze, const cg_freeze *stage,
                    const cg_program *program, const cg_file *checkpoint,
                    host_failure *f)
{
    char from[PATH_BYTES], path[PATH_BYTES], old[PATH_BYTES];
    path_of(from, stage, "so");
    path_of(path, freeze, "so");
    path_of(old, stage, OLD);
    /* Not every file system has links. */
    bool kept =
        link(path, old) == 0 || (errno != ENOENT && rename(path, old) == 0);
    if (!kept && errno != ENOENT) {
        return host_fail(f, "%s: cannot be replaced: %s", path,
                         strerror(errno));
    }
    bool placed =
        rename(from, path) == 0 ||
        host_fail(f, "%s: cannot be written: %s", path, strerror(errno));
    bool good = placed && emit(freeze, program, checkpoint, f);
    if (!good && kept) {
        rename(old, path);
    } else if (placed && !good) {
        unlink(path);
    }
    return good;
}

bool freezer_write(const freezer *to, const cg_program *program,
                   const cg_file *checkpoint, host_failure *f)
{
    cg_freeze freeze = {to->directory, to->name};
    if (!to->build && to->golden == NULL) {
        return emit(&freeze, program, checkpoint, f);
    }
    char directory[1024];
    int length = snprintf(directory, sizeof directory, "%s/.%s.%ld",
                          to->directory, to->name, (long)getpid());
    if (length < 0 || (size_t)length >= sizeof directory) {
        return host_fail(f, "%s: the path is too long", to->directory);
    }
    struct stat info;
    bool is_new = stat(to->directory, &info) != 0 && errno == ENOENT;
    cg_freeze stage = {directory, to->name};
    bool good = stage_model(to, &stage, program, checkpoint, f) &&
                (to->build ? publish(&freeze, &stage, program, checkpoint, f)
                           : emit(&freeze, program, checkpoint, f));
    clear(&stage);
    if (!good && is_new) {
        rmdir(to->directory);
    }
    return good;
}
