/* SPDX-License-Identifier: MIT
 *
 * emit.c - all files of a frozen model, or none.
 *
 * Nothing that is written depends on the date, a path, the environment or
 * the compiler of this program: same program, same bytes. */
#include <stdlib.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "codegen/emit/emit.h"

/* The blob comes first: the others quote its size. */
enum { BLOB, HEADER, SOURCE, MAP, SVG, CSV, FILES };
#define MOST (FILES + CG_BINARIES)

static const char *const suffixes[FILES] = {".cedm", ".h",   ".c",
                                            ".map",  ".svg", ".csv"};

static void describe(cg_emission *emission, const cg_program *program,
                     const cg_file *checkpoint, const char *name)
{
    const char *slash = strrchr(checkpoint->path, '/');
    const char *base = slash != NULL ? slash + 1 : checkpoint->path;
    size_t n = 0;

    memset(emission, 0, sizeof *emission);
    emission->program = program;
    emission->name = name;
    for (; name[n] != '\0' && n < CG_NAME_MAX - 1; n++) {
        char c = name[n];

        emission->upper[n] = c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
    }
    cg_safe_name(emission->source, base);
    for (size_t i = 0; emission->source[i] != '\0'; i++) {
        if (base[i] == '-') {
            emission->source[i] = '-'; /* harmless, and usual in files */
        }
    }
    cg_sha256(checkpoint->bytes, checkpoint->size, emission->source_sha256);
}

static bool write_all(cg_out *outs, cg_emission *emission,
                      const char *directory, cg_error *error)
{
    for (int i = 0; i < FILES; i++) {
        if (!cg_out_open(&outs[i], directory, emission->name, suffixes[i],
                         error)) {
            return false;
        }
    }
    if (!cg_emit_blob(&outs[BLOB], emission, error)) {
        return false;
    }
    cg_emit_header(&outs[HEADER], emission);
    cg_emit_source(&outs[SOURCE], emission);
    cg_emit_map(&outs[MAP], emission);
    cg_emit_svg(&outs[SVG], emission);
    cg_emit_csv(&outs[CSV], emission);
    for (int i = 0; i < FILES; i++) {
        if (!cg_out_finish(&outs[i], error)) {
            return false;
        }
    }
    return true;
}

static bool publish_all(cg_out *outs, int count, const char *directory,
                        cg_error *error)
{
    int fd;

    for (int i = 0; i < count; i++) {
        if (!cg_out_keep_old(&outs[i], error)) {
            return false;
        }
    }
    for (int i = 0; i < count; i++) {
        if (!cg_out_publish(&outs[i], error)) {
            return false;
        }
    }
    for (int i = 0; i < count; i++) {
        cg_out_settle(&outs[i]);
    }
    /* The new names; not every file system can sync a directory. */
    fd = open(directory, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
    return true;
}

/* Binaries that there are become outputs after *count others. */
static bool adopt_all(cg_out *outs, int *count, const cg_freeze *freeze,
                      cg_error *error)
{
    for (int i = 0; i < CG_BINARIES; i++) {
        if (freeze->binaries[i] != NULL &&
            !cg_out_adopt(&outs[(*count)++], freeze->binaries[i],
                          freeze->directory, freeze->name,
                          cg_binary_suffix((enum cg_binary)i), error)) {
            return false;
        }
    }
    return true;
}

static bool emit_all(cg_out *outs, cg_emission *emission,
                     const cg_freeze *freeze, cg_error *error)
{
    int count = FILES;

    return write_all(outs, emission, freeze->directory, error) &&
           adopt_all(outs, &count, freeze, error) &&
           publish_all(outs, count, freeze->directory, error);
}

bool cg_emit(const cg_program *program, const cg_file *checkpoint,
             const cg_freeze *freeze, cg_error *error)
{
    cg_emission emission;
    cg_name eval;
    cg_name *names;
    cg_out *outs;
    bool good;

    if (!cg_check_model_name(freeze->name, error) ||
        !cg_make_directory(freeze->directory, error)) {
        return false;
    }
    describe(&emission, program, checkpoint, freeze->name);
    memset(eval, 0, sizeof eval);
    memcpy(eval, freeze->name, strlen(freeze->name));
    memcpy(eval + strlen(freeze->name), "_eval", 6);
    names = cg_op_names(program, eval);
    outs = calloc(MOST, sizeof outs[0]);
    if (names == NULL || outs == NULL) {
        free(names);
        free(outs);
        return cg_fail(error, "%s: out of memory; free some and try again",
                       freeze->directory);
    }
    emission.op_names = (const cg_name *)names;
    for (int i = 0; i < MOST; i++) {
        outs[i].fd = -1;
    }
    good = emit_all(outs, &emission, freeze, error);
    for (int i = 0; i < MOST; i++) {
        cg_out_discard(&outs[i]);
    }
    free(names);
    free(outs);
    return good;
}
