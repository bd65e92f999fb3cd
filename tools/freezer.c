/* SPDX-License-Identifier: MIT
 *
 * freezer.c - a model that is to be compared is first frozen into a hidden
 * folder in the target's; the same program gives the same bytes once more. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "freezer.h"
#include "verify.h"

#define PATH_BYTES 1100

/* What cg_emit and cg_compile write. */
static const char *const suffixes[] = {"h",   "c",   "cedm", "map",
                                       "svg", "csv", "so"};
#define SUFFIXES (sizeof suffixes / sizeof suffixes[0])

/* The folder of cedm_model.h: `include` beside the program's folder or beside
 * one above it, so that it is found in a build tree and when installed. */
static bool find_include(char *path, size_t size)
{
    static char program[1024];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length <= 0) {
        return false;
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
    }
    return false;
}

static bool compile(const cg_freeze *freeze, failure *f)
{
    static char include_dir[PATH_BYTES];
    if (!find_include(include_dir, sizeof include_dir)) {
        return failed(f, "found no include/cedm_model.h near cedm-freeze, "
                         "which the model is compiled with");
    }
    const char *cc = getenv("CC");
    cg_error error;
    return cg_compile(freeze, cc != NULL && cc[0] != '\0' ? cc : "cc",
                      include_dir, &error) ||
           failed(f, "%s", error.text);
}

static bool write_files(const cg_freeze *freeze, bool build,
                        const cg_program *program, const cg_file *checkpoint,
                        failure *f)
{
    cg_error error;
    if (!cg_emit(program, checkpoint, freeze, &error)) {
        return failed(f, "%s", error.text);
    }
    return !build || compile(freeze, f);
}

/* ---- compared first --------------------------------------------------- */

static void path_of(char path[PATH_BYTES], const cg_freeze *freeze,
                    const char *suffix)
{
    snprintf(path, PATH_BYTES, "%s/%s.%s", freeze->directory, freeze->name,
             suffix);
}

static bool compare(const cg_freeze *stage, const char *golden, failure *f)
{
    static verify v; /* holds a cedm_net, which must not move */
    char path[PATH_BYTES];
    path_of(path, stage, "so");
    v.tolerance = (double)NAN;
    bool good = verify_files(&v, path, golden, verify_denoise, f);
    verify_close(&v);
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

static bool passes(const freezer *to, const cg_program *program,
                   const cg_file *checkpoint, failure *f)
{
    char directory[1024];
    int length = snprintf(directory, sizeof directory, "%s/.%s.%ld",
                          to->directory, to->name, (long)getpid());
    if (length < 0 || (size_t)length >= sizeof directory) {
        return failed(f, "%s: the path is too long", to->directory);
    }
    struct stat info;
    bool is_new = stat(to->directory, &info) != 0;
    cg_freeze stage = {directory, to->name};
    bool good = write_files(&stage, true, program, checkpoint, f) &&
                compare(&stage, to->golden, f);
    clear(&stage);
    if (!good && is_new) {
        rmdir(to->directory);
    }
    return good;
}

bool freezer_write(const freezer *to, const cg_program *program,
                   const cg_file *checkpoint, failure *f)
{
    cg_freeze freeze = {to->directory, to->name};
    return (to->golden == NULL || passes(to, program, checkpoint, f)) &&
           write_files(&freeze, to->build, program, checkpoint, f);
}
