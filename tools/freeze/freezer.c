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
#include <unistd.h>

#include "tools/freeze/freeze_folder.h"
#include "tools/freeze/freezer.h"
#include "host/files/spared.h"
#include "host/verify/verify.h"

#define PATH_BYTES 1100

/* What cg_emit and cg_compile write. */
static const char *const suffixes[] = {"h",   "c",   "cedm", "map",
                                       "svg", "csv", "so",   "wasm"};
#define SUFFIXES (sizeof suffixes / sizeof suffixes[0])

static void path_of(char path[PATH_BYTES], const char *directory,
                    const char *name, const char *suffix)
{
    snprintf(path, PATH_BYTES, "%s/%s.%s", directory, name, suffix);
}

bool freezer_spares(const freezer *to, const char *const *inputs,
                    size_t count, host_failure *f)
{
    bool good = true;
    for (size_t i = 0; good && i < SUFFIXES; i++) {
        char path[PATH_BYTES];
        path_of(path, to->directory, to->name, suffixes[i]);
        good = host_spared(path, inputs, count, f);
    }
    return good;
}

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

/* The compiler that the environment names, or the usual one. */
static const char *compiler(enum cg_binary binary)
{
    bool wasm = binary == CG_WASM;
    const char *cc = getenv(wasm ? "WASM_CC" : "CC");
    return cc != NULL && cc[0] != '\0' ? cc : wasm ? "clang" : "cc";
}

static bool compile(const cg_freeze *freeze, enum cg_binary binary,
                    host_failure *f)
{
    static char include_dir[PATH_BYTES];
    if (!find_include(include_dir, sizeof include_dir, f)) {
        return false;
    }
    cg_error error;
    return cg_compile(freeze, binary, compiler(binary), include_dir,
                      &error) ||
           host_fail(f, "%s", error.text);
}

/* ---- in a folder of its own -------------------------------------------- */

static bool compare(const cg_freeze *stage, const char *golden,
                    host_verify_mode *mode, host_failure *f)
{
    static host_verify v; /* holds a cedm_net, which must not move */
    char path[PATH_BYTES];
    path_of(path, stage->directory, stage->name, "so");
    v.precision = HOST_PRECISION_AUTO;
    v.tolerance = (double)NAN;
    bool good = host_verify_files(&v, path, golden, mode, f);
    host_verify_close(&v);
    return good;
}

static void clear(const cg_freeze *stage)
{
    for (size_t i = 0; i < SUFFIXES; i++) {
        char path[PATH_BYTES];
        path_of(path, stage->directory, stage->name, suffixes[i]);
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
    bool shared = to->build[CG_SHARED] || to->golden != NULL;
    return emit(stage, program, checkpoint, f) &&
           (!shared || compile(stage, CG_SHARED, f)) &&
           (!to->build[CG_WASM] || compile(stage, CG_WASM, f)) &&
           (to->golden == NULL ||
            compare(stage, to->golden,
                    program->encodes ? host_verify_encode
                                     : host_verify_denoise,
                    f));
}

/* ---- and then in the target -------------------------------------------- */

/* Through a hidden folder; binaries go with the files, or not at all. */
static bool write_by_stage(const freezer *to, const cg_program *program,
                           const cg_file *checkpoint, host_failure *f)
{
    char directory[1024], paths[CG_BINARIES][PATH_BYTES];
    int length = snprintf(directory, sizeof directory, "%s/.%s.%ld",
                          to->directory, to->name, (long)getpid());
    if (length < 0 || (size_t)length >= sizeof directory) {
        return host_fail(f, "%s: the path is too long", to->directory);
    }
    cg_freeze stage = {directory, to->name, {NULL}};
    cg_freeze freeze = {to->directory, to->name, {NULL}};
    for (int i = 0; i < CG_BINARIES; i++) {
        path_of(paths[i], stage.directory, stage.name,
                cg_binary_suffix((enum cg_binary)i) + 1);
        freeze.binaries[i] = to->build[i] ? paths[i] : NULL;
    }
    bool good = stage_model(to, &stage, program, checkpoint, f) &&
                emit(&freeze, program, checkpoint, f);
    clear(&stage);
    return good;
}

bool freezer_write(const freezer *to, const cg_program *program,
                   const cg_file *checkpoint, host_failure *f)
{
    const cg_freeze freeze = {to->directory, to->name, {NULL}};
    freeze_folder folder;
    if (!freeze_folder_open(&folder, to->directory, to->name, f)) {
        return false;
    }
    bool staged = to->build[CG_SHARED] || to->build[CG_WASM];
    bool good = staged || to->golden != NULL
                    ? write_by_stage(to, program, checkpoint, f)
                    : emit(&freeze, program, checkpoint, f);
    freeze_folder_close(&folder, good);
    return good;
}
