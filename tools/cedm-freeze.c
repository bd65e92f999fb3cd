/* SPDX-License-Identifier: MIT
 *
 * cedm-freeze.c - turns a checkpoint into a weight blob and a C graph. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "codegen.h"

enum {
    OPT_OUT, OPT_NAME, OPT_WEIGHTS, OPT_CPU_CONV, OPT_CONV_MEMORY, OPT_BUILD, OPT_VERSION,
    OPT_HELP, OPT_COUNT
};

static const args_option options[OPT_COUNT] = {
    {"-o", "DIR", "where the files go; made if missing"},
    {"name", "M", "name of the model [the checkpoint's file name]"},
    {"weights", "TYPE", "of the blob: f32 or f16, half its size [f32]"},
    {"cpu-conv", "WAY", "3x3 on CPUs: auto, direct or winograd [auto]"},
    {"conv-memory", "BYTES", "limit of Winograd's weights [none]"},
    {"build", NULL, "also compile DIR/M.so, with $CC or cc"},
    {"version", NULL, "print the version"},
    {"help", NULL, "print this text"},
};

typedef struct settings {
    const char *checkpoint, *directory, *name;
    int weights, cpu_conv; /* enum cedm_dtype, cg_cpu_conv */
    uint64_t conv_memory;
    bool build, version, help;
    char stem[64];
} settings;

/* fashion from dir/fashion.safetensors; what is no letter, digit or
 * underscore becomes one. */
static void stem_of(const char *path, char stem[64])
{
    const char *base = strrchr(path, '/');
    base = base != NULL ? base + 1 : path;
    size_t n = 0;
    if (base[0] >= '0' && base[0] <= '9') {
        stem[n++] = 'm';
    }
    for (; base[0] != '\0' && base[0] != '.' && n < 63; base++) {
        bool keeps = (base[0] >= 'a' && base[0] <= 'z') ||
                     (base[0] >= 'A' && base[0] <= 'Z') ||
                     (base[0] >= '0' && base[0] <= '9');
        stem[n++] = keeps ? base[0] : '_';
    }
    stem[n] = '\0';
}

static bool is_identifier(const char *name)
{
    size_t valid = strspn(name, "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    return name[valid] == '\0' && valid > 0 && valid < 64 &&
           (name[0] < '0' || name[0] > '9');
}

static bool parse_option(int option, const args *a, settings *s, failure *f)
{
    static const char *const types[] = {"f32", "f16", NULL};
    static const char *const ways[] = {"auto", "direct", "winograd", NULL};
    switch (option) {
    case OPT_OUT: s->directory = a->value; return true;
    case OPT_NAME:
        s->name = a->value;
        return is_identifier(a->value) ||
               bad_usage(f,
                         "--name: wanted a C identifier of at most 63 "
                         "characters, got '%s'",
                         a->value);
    case OPT_WEIGHTS: return args_word(a, types, &s->weights, f);
    case OPT_CPU_CONV: return args_word(a, ways, &s->cpu_conv, f);
    case OPT_CONV_MEMORY:
        return args_u64(a, 1, UINT64_MAX, &s->conv_memory, f);
    case OPT_BUILD: s->build = true; return true;
    case OPT_VERSION: s->version = true; return true;
    case OPT_HELP: s->help = true; return true;
    default: break;
    }
    if (s->checkpoint != NULL) {
        return bad_usage(f, "unexpected '%s'; wanted one checkpoint",
                         a->value);
    }
    s->checkpoint = a->value;
    return true;
}

static bool parse(settings *s, int argc, char **argv, failure *f)
{
    char seen[ARGS_MAX_OPTIONS];
    args a = args_begin(argc, argv, options, OPT_COUNT, seen);
    int option;
    while ((option = args_next(&a, f)) >= 0) {
        if (!parse_option(option, &a, s, f)) {
            return false;
        }
    }
    if (option == ARGS_BAD || s->help || s->version) {
        return option != ARGS_BAD;
    }
    if (s->checkpoint == NULL || s->directory == NULL) {
        return bad_usage(f, "wanted CHECKPOINT -o DIR; see --help");
    }
    if (s->name == NULL) {
        stem_of(s->checkpoint, s->stem);
        s->name = s->stem;
    }
    return s->name[0] != '\0' ||
           bad_usage(f, "--name: the checkpoint's file name gives none");
}

static void print_segment(const char *what, const cg_plan_report *r)
{
    printf("%-13s %" PRIu64 " bytes per image, lower bound %" PRIu64
           " (+%.1f %%), without reuse %" PRIu64 "; %s\n",
           what, (uint64_t)r->elements * 4, (uint64_t)r->lower_bound * 4,
           r->lower_bound > 0
               ? 100.0 * (r->elements - r->lower_bound) / r->lower_bound
               : 0.0,
           (uint64_t)r->no_reuse * 4, r->method);
}

static void print_program(const cg_program *p, const cg_freeze *freeze,
                          bool built)
{
    printf("%-13s %s: %u x %u x %u, ", "model", freeze->name, p->resolution,
           p->resolution, p->channels);
    if (p->label_dim > 0) {
        printf("%u clusters\n", p->label_dim);
    } else {
        puts("unconditional");
    }
    printf("%-13s %" PRIu64 "\n", "parameters", p->parameter_count);
    printf("%-13s %" PRIu64 " multiply-adds per image and evaluation, %u "
           "ops\n",
           "work", p->macs, p->op_count);
    bool half = p->dtype == CEDM_DTYPE_F16;
    printf("%-13s %" PRIu64 " bytes of tensors, %s\n", "blob",
           p->data_elements * (half ? 2 : 4), half ? "f16" : "f32");
    printf("%-13s %" PRIu64 " bytes prepared at most, %" PRIu64
           " for portable\n", "weights", p->weights_bytes,
           half ? CEDM_ALIGN_UP(p->data_elements * 4) : 0);
    print_segment("activations", &p->act);
    print_segment("vectors", &p->f32);
    printf("%-13s %" PRIu64 " bytes per worker\n", "scratch",
           p->scratch_bytes);
    printf("%-13s %s/%s.{h,c,cedm,map,svg,csv%s}\n", "files",
           freeze->directory, freeze->name, built ? ",so" : "");
}

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

static bool build(const cg_freeze *freeze, cg_error *error)
{
    static char include_dir[1100];
    if (!find_include(include_dir, sizeof include_dir)) {
        snprintf(error->text, sizeof error->text,
                 "--build: found no include/cedm_model.h near cedm-freeze");
        return false;
    }
    const char *cc = getenv("CC");
    return cg_compile(freeze, cc != NULL && cc[0] != '\0' ? cc : "cc",
                      include_dir, error);
}

static bool freeze_checkpoint(const settings *s, const cg_file *file,
                              cg_error *error)
{
    cg_options choice = {(cg_cpu_conv)s->cpu_conv, s->conv_memory,
                         (enum cedm_dtype)s->weights};
    cg_program *program = cg_build(file, &choice, error);
    if (program == NULL) {
        return false;
    }
    cg_freeze freeze = {s->directory, s->name};
    bool good = cg_emit(program, file, &freeze, error) &&
                (!s->build || build(&freeze, error));
    if (good) {
        print_program(program, &freeze, s->build);
    }
    cg_program_free(program);
    return good;
}

static bool go(const settings *s, failure *f)
{
    cg_error error = {""};
    cg_file *file = cg_open(s->checkpoint, &error);
    bool good = file != NULL && freeze_checkpoint(s, file, &error);
    cg_close(file);
    return good || failed(f, "%s", error.text);
}

int main(int argc, char **argv)
{
    settings s;
    memset(&s, 0, sizeof s);
    failure f = FAILURE_UNSAID;
    bool good = parse(&s, argc, argv, &f);
    if (good && s.help) {
        args_help("cedm-freeze CHECKPOINT -o DIR [options]: freezes a "
                  "checkpoint (.safetensors)",
                  options, OPT_COUNT);
    } else if (good && s.version) {
        puts("cedm-freeze " CEDM_VERSION);
    } else if (good) {
        good = go(&s, &f);
    }
    if (good && (fflush(stdout) != 0 || ferror(stdout))) {
        good = failed(&f, "standard output cannot be written: %s",
                      strerror(errno));
    }
    return good ? EXIT_DONE : failure_report("cedm-freeze", &f);
}
