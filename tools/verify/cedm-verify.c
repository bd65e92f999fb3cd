/* SPDX-License-Identifier: MIT
 *
 * cedm-verify.c - compares a frozen model with golden outputs of the
 * reference implementation. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "host/cli/args.h"
#include "host/files/output.h"
#include "host/verify/verify.h"

enum {
    OPT_MODEL, OPT_GOLDEN, OPT_MODE, OPT_ISA, OPT_DEVICE, OPT_PRECISION,
    OPT_THREADS, OPT_TOLERANCE, OPT_VERSION, OPT_HELP, OPT_COUNT
};

static const args_option options[OPT_COUNT] = {
    {"model", "M.so", "a frozen model beside its M.cedm"},
    {"golden", "FILE", "outputs of the reference (.safetensors)"},
    {"mode", "MODE", "denoise, sample or activations [denoise]"},
    {"isa", "LIST", "instruction sets, or portable [best]"},
    {"device", "D", "auto, cpu, cuda or cuda:I [auto]"},
    {"precision", "P", "auto, fp32; on a GPU fp16 or bf16 too [auto]"},
    {"threads", "T", "threads; changes no result [processors]"},
    {"tolerance", "T", "replaces the limit of the mode"},
    {"version", NULL, "print the version"},
    {"help", NULL, "print this text"},
};

typedef struct settings {
    const char *model, *golden, *isa;
    int mode;
    device_choice device;
    int precision;
    uint64_t threads;
    double tolerance; /* NaN: the mode's own */
    bool version, help;
} settings;

static bool parse_option(int option, const args *a, settings *s, failure *f)
{
    static const char *const modes[] = {"denoise", "sample", "activations",
                                        NULL};
    switch (option) {
    case OPT_MODEL: s->model = a->value; return true;
    case OPT_GOLDEN: s->golden = a->value; return true;
    case OPT_MODE: return args_word(a, modes, &s->mode, f);
    case OPT_ISA: s->isa = a->value; return true;
    case OPT_DEVICE:
        return device_parse_one(a, &s->device, f);
    case OPT_PRECISION: return precision_parse(a, &s->precision, f);
    case OPT_THREADS:
        return args_u64(a, 1, ENGINE_MAX_THREADS, &s->threads, f);
    case OPT_TOLERANCE: return args_double(a, 0, 1e9, &s->tolerance, f);
    case OPT_VERSION: s->version = true; return true;
    case OPT_HELP: s->help = true; return true;
    default: return bad_usage(f, "unexpected '%s'; see --help", a->value);
    }
}

static bool parse(settings *s, int argc, char **argv, failure *f)
{
    char seen[ARGS_MAX_OPTIONS];
    args a = args_begin(argc, argv, options, OPT_COUNT, seen);
    int option;
    s->tolerance = (double)NAN;
    s->precision = PRECISION_AUTO;
    while ((option = args_next(&a, f)) >= 0) {
        if (!parse_option(option, &a, s, f)) {
            return false;
        }
    }
    if (option == ARGS_BAD || s->help || s->version) {
        return option != ARGS_BAD;
    }
    return (s->model != NULL && s->golden != NULL) ||
           bad_usage(f, "wanted --model M.so --golden FILE; see --help");
}

static bool compare(const settings *s, verify *v, failure *f)
{
    static verify_mode *const modes[] = {verify_denoise, verify_sample,
                                         verify_activations};
    v->isa = s->isa;
    v->threads = (uint32_t)s->threads;
    v->device = &s->device;
    v->precision = s->precision;
    v->tolerance = s->tolerance;
    return verify_files(v, s->model, s->golden, modes[s->mode], f);
}

int main(int argc, char **argv)
{
    static verify v; /* holds a cedm_net, which must not move */
    settings s;
    memset(&s, 0, sizeof s);
    failure f = FAILURE_UNSAID;
    bool good = parse(&s, argc, argv, &f);
    if (good && s.help) {
        args_help("cedm-verify --model M.so --golden FILE [options]: compares "
                  "with the reference",
                  options, OPT_COUNT);
    } else if (good && s.version) {
        puts("cedm-verify " CEDM_VERSION);
    } else if (good) {
        good = compare(&s, &v, &f);
        verify_close(&v);
    }
    good = good && output_standard(&f);
    return good ? EXIT_DONE : failure_report("cedm-verify", &f);
}
