/* SPDX-License-Identifier: MIT
 *
 * compile.c - NAME.c to NAME.so with the C compiler of the machine, or to
 * NAME.wasm with clang.
 *
 * The compiler is started with an argument vector: no shell sees a path. */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "codegen/error.h"

extern char **environ;

typedef char path_text[1024];

#define MAX_WORDS 16
#define MAX_OPTIONS 10
#define MAX_ARGUMENTS (MAX_WORDS + MAX_OPTIONS + 8)

/* A library for dlopen; or a module that is linked where it is loaded, into a
 * memory and a table that others share, of code that does not know its place.
 * clang has position-independent code for the target named emscripten alone;
 * nothing of Emscripten is used.  The memory has a maximum, so that one bit
 * makes it shared.  Relocations are applied by the exported function whose
 * name depends on the version of wasm-ld. */
static const struct {
    const char *suffix;
    const char *options[MAX_OPTIONS + 1];
} binaries[CG_BINARIES] = {
    [CG_SHARED] = {".so", {"-fPIC", "-shared"}},
    [CG_WASM] = {".wasm",
                 {"--target=wasm32-unknown-emscripten", "-fPIC",
                  "-ffreestanding", "-fvisibility=hidden", "-nostdlib",
                  "-Wl,-shared,--experimental-pic,--no-entry,--strip-all",
                  "-Wl,--max-memory=4294967296",
                  "-Wl,--export=cedm_model_entry",
                  "-Wl,--export-if-defined=__wasm_call_ctors",
                  "-Wl,--export-if-defined=__wasm_apply_data_relocs"}},
};

const char *cg_binary_suffix(enum cg_binary binary)
{
    return binaries[binary].suffix;
}

/* The words of $CC ("ccache gcc", "gcc -m64"), as make takes them; a path of
 * a program is one word whatever is in it. */
typedef struct command {
    char text[1024];
    const char *words[MAX_WORDS];
    size_t count;
} command;

static bool split(command *c, const char *cc)
{
    char *at = c->text;

    c->count = 0;
    if (strlen(cc) >= sizeof c->text) {
        return false;
    }
    strcpy(c->text, cc);
    if (strchr(cc, '/') != NULL && access(cc, X_OK) == 0) {
        c->words[c->count++] = c->text;
        return true;
    }
    for (at += strspn(at, " \t"); *at != '\0'; at += strspn(at, " \t")) {
        if (c->count == MAX_WORDS) {
            return false;
        }
        c->words[c->count++] = at;
        at += strcspn(at, " \t");
        if (*at != '\0') {
            *at++ = '\0';
        }
    }
    return c->count > 0;
}

static bool spawn(const command *c, const char *const arguments[],
                  int *status, int *code)
{
    char *argv[MAX_ARGUMENTS];
    size_t n = 0;
    pid_t pid;

    /* posix_spawnp takes char *const[] for history's sake. */
    memcpy(argv, c->words, c->count * sizeof argv[0]);
    while (arguments[n] != NULL) {
        n++;
    }
    memcpy(&argv[c->count], arguments, (n + 1) * sizeof argv[0]);
    *code = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
    if (*code != 0) {
        return false;
    }
    while (waitpid(pid, status, 0) < 0) {
        if (errno != EINTR) {
            *code = errno;
            return false;
        }
    }
    return true;
}

/* The options of a kind of binary, then those of all, then NULL. */
static void list_arguments(const char *arguments[], enum cg_binary binary,
                           const char *include_dir, const char *in,
                           const char *temp)
{
    const char *const common[] = {
        "-std=c11", "-O1",       "-DCEDM_MODEL_SHARED",
        "-I",       include_dir, "-o",
        temp,       in,          NULL};
    size_t n = 0;

    while (binaries[binary].options[n] != NULL) {
        arguments[n] = binaries[binary].options[n];
        n++;
    }
    memcpy(&arguments[n], common, sizeof common);
}

static bool compile(enum cg_binary binary, const char *cc,
                    const char *include_dir, const char *in, const char *temp,
                    cg_error *error)
{
    const char *arguments[MAX_ARGUMENTS];
    int status = 0, code = 0;
    command c;

    if (!split(&c, cc)) {
        return cg_fail(error,
                       "%s: \"%.200s\" is no C compiler; wanted a program "
                       "and at most %d arguments; set CC",
                       in, cc, MAX_WORDS - 1);
    }
    list_arguments(arguments, binary, include_dir, in, temp);
    if (!spawn(&c, arguments, &status, &code)) {
        return cg_fail(error,
                       "%s: cannot run the C compiler \"%s\": %s; "
                       "install one or name another",
                       in, cc, strerror(code));
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        return true;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
        return cg_fail(error,
                       "%s: the C compiler \"%s\" is missing or "
                       "failed to start; install one or name another",
                       in, cc);
    }
    return cg_fail(error,
                   "%s: the C compiler \"%s\" failed (%s %d); see its "
                   "messages above",
                   in, cc, WIFEXITED(status) ? "exit status" : "signal",
                   WIFEXITED(status) ? WEXITSTATUS(status)
                                     : WTERMSIG(status));
}

bool cg_compile(const cg_freeze *freeze, enum cg_binary binary,
                const char *cc, const char *include_dir, cg_error *error)
{
    const char *suffix = cg_binary_suffix(binary);
    path_text in, temp, out;
    /* A directory named -x is no option of the compiler. */
    const char *here = freeze->directory[0] == '-' ? "./" : "";
    int a = snprintf(in, sizeof in, "%s%s/%s.c", here, freeze->directory,
                     freeze->name);
    int b = snprintf(out, sizeof out, "%s/%s%s", freeze->directory,
                     freeze->name, suffix);
    int c = snprintf(temp, sizeof temp, "%s%s/.%s%s.%ld.tmp", here,
                     freeze->directory, freeze->name, suffix, (long)getpid());

    if (a < 0 || b < 0 || c < 0 || (size_t)a >= sizeof in ||
        (size_t)b >= sizeof out || (size_t)c >= sizeof temp) {
        return cg_fail(error,
                       "%s: the path is too long; wanted fewer than "
                       "1000 bytes; choose another directory",
                       freeze->directory);
    }
    if (!compile(binary, cc, include_dir, in, temp, error)) {
        unlink(temp);
        return false;
    }
    if (rename(temp, out) != 0) {
        int code = errno;

        unlink(temp);
        return cg_fail(error,
                       "%s: cannot rename the compiled model: %s; "
                       "choose another directory",
                       out, strerror(code));
    }
    return true;
}
