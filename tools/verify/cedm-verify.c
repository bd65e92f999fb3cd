/* SPDX-License-Identifier: MIT
 *
 * cedm-verify.c - compares a frozen model with golden outputs of the
 * reference implementation. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "host/cli/command.h"
#include "host/cli/signals.h"
#include "host/execution/processors.h"
#include "host/files/output.h"
#include "host/verify/verify.h"

enum {
    OPT_MODEL,
    OPT_GOLDEN,
    OPT_MODE,
    OPT_ISA,
    OPT_DEVICE,
    OPT_PRECISION,
    OPT_THREADS,
    OPT_TOLERANCE,
    OPT_COUNT
};

static const host_args_option options[OPT_COUNT] = {
    {"model", "M.so", "a frozen model beside its M.cedm"},
    {"golden", "FILE", "outputs of the reference (.safetensors)"},
    {"mode", "MODE", "denoise, sample, activations or encode [denoise]"},
    {"isa", "LIST", "instruction sets, or portable [best]"},
    {"device", "D", "auto, cpu, cuda or cuda:I [auto]"},
    {"precision", "P", "auto, fp32; on a GPU fp16 or bf16 too [auto]"},
    {"threads", "T", "threads; changes no result [processors]"},
    {"tolerance", "T", "replaces the limit of the mode"},
};

typedef struct settings {
    const char *model, *golden, *isa;
    int mode;
    host_device_choice device;
    int precision;
    uint64_t threads;
    double tolerance; /* NaN: the mode's own */
} settings;

static bool take(void *to, int option, const host_args *a, host_failure *f)
{
    settings *s = to;
    static const char *const modes[] = {"denoise", "sample", "activations",
                                        "encode", NULL};
    switch (option) {
    case OPT_MODEL: s->model = a->value; return true;
    case OPT_GOLDEN: s->golden = a->value; return true;
    case OPT_MODE: return host_args_word(a, modes, &s->mode, f);
    case OPT_ISA: s->isa = a->value; return true;
    case OPT_DEVICE: return host_device_parse_one(a, &s->device, f);
    case OPT_PRECISION: return host_precision_parse(a, &s->precision, f);
    case OPT_THREADS:
        return host_args_u64(a, 1, HOST_MAX_THREADS, &s->threads, f);
    case OPT_TOLERANCE: return host_args_double(a, 0, 1e9, &s->tolerance, f);
    default:
        return host_bad_usage(f, "unexpected '%s'; see --help", a->value);
    }
}

static const host_command command = {
    "cedm-verify",
    "--model M.so --golden FILE [options]: compares with the reference",
    options, OPT_COUNT, take};

static bool compare(const settings *s, host_verify *v, host_failure *f)
{
    static host_verify_mode *const modes[] = {
        host_verify_denoise, host_verify_sample, host_verify_activations,
        host_verify_encode};
    if (s->model == NULL || s->golden == NULL) {
        return host_bad_usage(
            f, "wanted --model M.so --golden FILE; see --help");
    }
    v->isa = s->isa;
    v->threads = (uint32_t)s->threads;
    v->device = &s->device;
    v->precision = s->precision;
    v->tolerance = s->tolerance;
    return host_verify_files(v, s->model, s->golden, modes[s->mode], f);
}

int main(int argc, char **argv)
{
    static host_verify v; /* holds a cedm_net, which must not move */
    settings s = {.precision = HOST_PRECISION_AUTO, .tolerance = (double)NAN};
    host_failure f = HOST_FAILURE_UNSAID;
    host_signals_begin("cedm-verify");
    host_asked asked = host_command_parse(&command, argc, argv, &s, &f);
    bool good = asked == HOST_ASKED_SHOWN;
    if (asked == HOST_ASKED_RUN) {
        good = compare(&s, &v, &f);
        host_verify_close(&v);
    }
    good = good && host_output_standard(&f);
    return good ? HOST_EXIT_DONE : host_failure_report(command.name, &f);
}
