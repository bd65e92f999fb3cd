/* SPDX-License-Identifier: MIT
 *
 * cedm-freeze.c - turns a checkpoint into a weight blob and a C graph. */
#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "host/cli/command.h"
#include "host/cli/signals.h"
#include "codegen/codegen.h"
#include "tools/freeze/freeze_config.h"
#include "tools/freeze/freezer.h"
#include "host/files/freq.h"
#include "host/files/output.h"

enum {
    OPT_OUT,
    OPT_NAME,
    OPT_WEIGHTS,
    OPT_FREQ,
    OPT_CPU_CONV,
    OPT_CONV_MEMORY,
    OPT_INPUT,
    OPT_RESIZE,
    OPT_WINDOW,
    OPT_FILTER,
    OPT_HEADS,
    OPT_POSITIONS,
    OPT_BUILD,
    OPT_WASM,
    OPT_VERIFY,
    OPT_COUNT
};

#define SPACED(name, word) word " "

static const host_args_option options[OPT_COUNT] = {
    {"-o", "DIR", "where the files go; made if missing"},
    {"name", "M", "name of the model [the checkpoint's file name]"},
    {"weights", "TYPE", "of the blob: f32 or f16, half its size [f32]"},
    {"freq", "FILE", "images per cluster [the checkpoint's]"},
    {"cpu-conv", "WAY", "3x3 on CPUs: auto, direct or winograd [auto]"},
    {"conv-memory", "BYTES", "limit of Winograd's weights [none]"},
    {"input", "HxW", "encoders: height and width of images [the network's]"},
    {"resize", "S", "encoders: the shorter side becomes this [as it is]"},
    {"window", "S", "encoders: a square cut from the middle [--resize]"},
    {"filter", "F", "encoders: " CG_FILTER_LIST(SPACED) "[by network]"},
    {"heads", "N", "encoders: heads of attention [width / 64]"},
    {"positions", "RULE",
     "encoders, another grid: " CG_POSITIONS_LIST(SPACED) "[by network]"},
    {"build", NULL, "also compile DIR/M.so, with $CC or cc"},
    {"wasm", NULL, "also DIR/M.wasm for a page, with $WASM_CC or clang"},
    {"verify", "GOLDEN", "compare first; writes all files or none"},
};

#define STEM_BYTES 49 /* a model's name has at most 48 characters */

typedef struct settings {
    const char *checkpoint, *directory, *name, *freq, *golden;
    int weights, cpu_conv; /* enum cedm_dtype, cg_cpu_conv */
    uint64_t conv_memory;
    cg_encoder_choice encoder;
    bool build[CG_BINARIES];
    char stem[STEM_BYTES];
} settings;

static bool is_word_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9');
}

/* fashion from dir/fashion.safetensors.  What is no letter or digit becomes
 * one underscore; m_ goes before what cannot begin a name, and before cedm,
 * the library's own prefix. */
static void stem_of(const char *path, char stem[STEM_BYTES])
{
    const char *base = strrchr(path, '/');
    base = base != NULL ? base + 1 : path;
    bool begins = (base[0] >= 'a' && base[0] <= 'z') ||
                  (base[0] >= 'A' && base[0] <= 'Z');
    size_t n = 0;
    if (!begins || strncasecmp(base, "cedm", 4) == 0) {
        stem[n++] = 'm';
        stem[n++] = '_';
    }
    for (; base[0] != '\0' && base[0] != '.' && n < STEM_BYTES - 1; base++) {
        bool keeps = is_word_character(base[0]);
        if (keeps || n == 0 || stem[n - 1] != '_') {
            stem[n++] = keeps ? base[0] : '_';
        }
    }
    while (n > 1 && stem[n - 1] == '_') {
        n--;
    }
    stem[n] = '\0';
}

/* 48x32, or 48 for a square. */
static bool take_size(const host_args *a, uint32_t size[2], host_failure *f)
{
    unsigned height = 0, width = 0;
    char end = 0, x = 0;
    int n = sscanf(a->value, "%5u%c%5u%c", &height, &x, &width, &end);
    if (n == 1) {
        width = height;
    }
    if ((n != 1 && (n != 3 || x != 'x')) || height == 0 || width == 0 ||
        height > 16384 || width > 16384) {
        return host_bad_usage(f,
                              "--input: bad value '%s'; wanted HEIGHTxWIDTH, "
                              "1 to 16384 each",
                              a->value);
    }
    size[0] = height;
    size[1] = width;
    return true;
}

static bool take_u32(const host_args *a, uint32_t most, uint32_t *to,
                     host_failure *f)
{
    uint64_t value = 0;
    bool good = host_args_u64(a, 1, most, &value, f);
    *to = (uint32_t)value;
    return good;
}

static bool take_word(const host_args *a, const char *const *words,
                      const char **to, host_failure *f)
{
    int i = 0;
    bool good = host_args_word(a, words, &i, f);
    *to = words[i];
    return good;
}

static bool take_encoder(cg_encoder_choice *e, int option, const host_args *a,
                         host_failure *f)
{
#define WORD(name, word) word,
    static const char *const filters[] = {CG_FILTER_LIST(WORD) NULL};
    static const char *const rules[] = {CG_POSITIONS_LIST(WORD) NULL};
#undef WORD
    switch (option) {
    case OPT_INPUT: return take_size(a, e->image, f);
    case OPT_RESIZE: return take_u32(a, 8192, &e->resize, f);
    case OPT_WINDOW: return take_u32(a, 8192, &e->window, f);
    case OPT_FILTER: return take_word(a, filters, &e->filter, f);
    case OPT_HEADS: return take_u32(a, 1024, &e->heads, f);
    default: return take_word(a, rules, &e->positions, f);
    }
}

static bool take(void *to, int option, const host_args *a, host_failure *f)
{
    settings *s = to;
    static const char *const types[] = {"f32", "f16", NULL};
    static const char *const ways[] = {"auto", "direct", "winograd", NULL};
    cg_error error;
    switch (option) {
    case OPT_OUT: s->directory = a->value; return true;
    case OPT_NAME:
        s->name = a->value;
        return cg_check_model_name(a->value, &error) ||
               host_bad_usage(f, "--name: %s", error.text);
    case OPT_WEIGHTS: return host_args_word(a, types, &s->weights, f);
    case OPT_FREQ: s->freq = a->value; return true;
    case OPT_VERIFY: s->golden = a->value; return true;
    case OPT_CPU_CONV: return host_args_word(a, ways, &s->cpu_conv, f);
    case OPT_CONV_MEMORY:
        return host_args_u64(a, 1, UINT64_MAX, &s->conv_memory, f);
    case OPT_INPUT:
    case OPT_RESIZE:
    case OPT_WINDOW:
    case OPT_FILTER:
    case OPT_HEADS:
    case OPT_POSITIONS: return take_encoder(&s->encoder, option, a, f);
    case OPT_BUILD: s->build[CG_SHARED] = true; return true;
    case OPT_WASM: s->build[CG_WASM] = true; return true;
    default: break;
    }
    if (s->checkpoint != NULL) {
        return host_bad_usage(f, "unexpected '%s'; wanted one checkpoint",
                              a->value);
    }
    s->checkpoint = a->value;
    return true;
}

static const host_command command = {
    "cedm-freeze",
    "CHECKPOINT -o DIR [options]: freezes a checkpoint (.pkl, .pt or "
    ".safetensors)",
    options, OPT_COUNT, take};

static freezer freezer_of(const settings *s)
{
    freezer to = {
        .directory = s->directory, .name = s->name, .golden = s->golden};
    memcpy(to.build, s->build, sizeof to.build);
    return to;
}

/* What is needed, and the name that follows from it. */
static bool complete(settings *s, host_failure *f)
{
    if (s->checkpoint == NULL || s->directory == NULL) {
        return host_bad_usage(f, "wanted CHECKPOINT -o DIR; see --help");
    }
    if (s->name == NULL) {
        stem_of(s->checkpoint, s->stem);
        s->name = s->stem;
    }
    const char *const inputs[] = {s->checkpoint, s->freq, s->golden};
    freezer to = freezer_of(s);
    return freezer_spares(&to, inputs, 3, f);
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

static void print_denoiser(const cedm_denoiser *d, const char *name)
{
    printf("%-13s %s: %u x %u x %u, ", "model", name, d->resolution,
           d->resolution, d->channels);
    if (d->label_dim > 0) {
        printf("%u clusters\n", d->label_dim);
    } else {
        puts("unconditional");
    }
}

static void print_program(const cg_program *p, const settings *s)
{
    if (p->encodes) {
        printf("%-13s %s: %u x %u x %u, %u features\n", "model", s->name,
               p->encoder.height, p->encoder.width, p->encoder.channels,
               p->encoder.features);
    } else {
        print_denoiser(&p->denoiser, s->name);
    }

    printf("%-13s %" PRIu64 "\n", "parameters", p->parameter_count);
    printf("%-13s %" PRIu64 " multiply-adds per image and evaluation, %u "
           "ops\n",
           "work", p->macs, p->op_count);
    bool half = p->dtype == CEDM_DTYPE_F16;
    printf("%-13s %" PRIu64 " bytes of tensors, %s\n", "blob",
           p->data_elements * (half ? 2 : 4), half ? "f16" : "f32");
    printf("%-13s %" PRIu64 " bytes prepared at most, %" PRIu64
           " for portable\n",
           "weights", p->weights_bytes,
           half ? CEDM_ALIGN_UP(p->data_elements * 4) + CEDM_WEIGHTS_TAG_BYTES
                : 0);
    print_segment("activations", &p->act);
    print_segment("vectors", &p->f32);
    printf("%-13s %" PRIu64 " bytes per worker\n", "scratch",
           p->scratch_bytes);
    printf("%-13s %s/%s.{h,c,cedm,map,svg,csv%s%s}\n", "files", s->directory,
           s->name, s->build[CG_SHARED] ? ",so" : "",
           s->build[CG_WASM] ? ",wasm" : "");
}

/* A compiler for another system makes a library that is of no use here: the
 * loader knows, from the code alone.  Writing made sure of the path's size. */
static void note_foreign(const settings *s)
{
    char path[1200];
    snprintf(path, sizeof path, "%s/%s.so", s->directory, s->name);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        printf("%-13s %s.so is of another system: cedm-gen cannot load it "
               "here\n",
               "note", s->name);
        return;
    }
    dlclose(library);
}

static bool freeze(const settings *s, cg_program *program,
                   const cg_file *file, host_failure *f)
{
    freezer to = freezer_of(s);
    double *freq = NULL;
    if (s->freq != NULL) {
        if (!program->denoises || program->denoiser.label_dim == 0) {
            return host_bad_usage(f, "--freq: the network has no clusters");
        }
        freq = host_freq_read(s->freq, program->denoiser.label_dim, f);
        if (freq == NULL) {
            return false;
        }
        program->freq = freq;
    }
    bool good = freezer_write(&to, program, file, f);
    if (good) {
        print_program(program, s);
        if (s->build[CG_SHARED]) {
            note_foreign(s);
        }
    }
    free(freq);
    return good;
}

static bool is_chosen(const cg_encoder_choice *e)
{
    return e->image[0] > 0 || e->resize > 0 || e->window > 0 ||
           e->filter != NULL || e->heads > 0 || e->positions != NULL;
}

static bool freeze_kind(const settings *s, bool chosen, cg_program *program,
                        const cg_file *file, host_failure *f)
{
    if (chosen && !program->encodes) {
        return host_bad_usage(f,
                              "%s: denoises; --input, --resize, --window, "
                              "--filter, --heads and --positions are of "
                              "encoders",
                              s->checkpoint);
    }
    return freeze(s, program, file, f);
}

static bool go(settings *s, host_failure *f)
{
    bool chosen = is_chosen(&s->encoder);
    if (!freeze_config_read(&s->encoder, s->checkpoint, f)) {
        return false;
    }
    cg_options choice = {(cg_cpu_conv)s->cpu_conv, s->conv_memory,
                         (enum cedm_dtype)s->weights, s->encoder};
    cg_error error;
    cg_file *file = cg_open(s->checkpoint, &error);
    cg_program *program =
        file != NULL ? cg_build(file, &choice, &error) : NULL;
    bool good = program != NULL ? freeze_kind(s, chosen, program, file, f)
                                : host_fail(f, "%s", error.text);
    cg_program_free(program);
    cg_close(file);
    return good;
}

int main(int argc, char **argv)
{
    settings s;
    memset(&s, 0, sizeof s);
    host_failure f = HOST_FAILURE_UNSAID;
    host_signals_begin("cedm-freeze");
    host_asked asked = host_command_parse(&command, argc, argv, &s, &f);
    bool good = asked == HOST_ASKED_SHOWN ||
                (asked == HOST_ASKED_RUN && complete(&s, &f) && go(&s, &f));
    good = good && host_output_standard(&f);
    return good ? HOST_EXIT_DONE : host_failure_report(command.name, &f);
}
