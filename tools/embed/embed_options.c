/* SPDX-License-Identifier: MIT
 *
 * embed_options.c - the command line of cedm-embed. */
#include <string.h>

#include "host/execution/image_features.h"
#include "host/execution/processors.h"
#include "tools/embed/embed_options.h"

/* X(identifier, name, value, help) */
#define OPTION_LIST(X)                                                       \
    X(MODEL, "model", "M.so", "a frozen model beside its M.cedm")            \
    X(DATA, "data", "D",                                                     \
      "images: a zip file or folder, CIFAR's or idx files")                  \
    X(OUT, "out", "F.npy",                                                   \
      "the features, float32 [images][features]; F.json\n"                   \
      "                               says what they are")                   \
    X(MODULE, "module", "NAME",                                              \
      "denoiser: whose output [after the bottleneck]")                       \
    X(SIGMA, "sigma", "S", "denoiser: noise level [0.2]")                    \
    X(POOL, "pool", "G", "denoiser: averages over G x G cells [2]")          \
    X(SEED, "seed", "S", "denoiser: image i has the noise of S + i [0]")     \
    X(BATCH, "batch", "B", "images at a time; changes no feature [16]")      \
    X(THREADS, "threads", "T", "threads; changes no feature [processors]")   \
    X(ISA, "isa", "LIST", "instruction sets, or portable [best]")            \
    X(SHARD, "shard", "I/N",                                                 \
      "part I of N, 0 to N-1, of the images; else what\n"                    \
      "                               srun, mpirun or torchrun says [0/1]")  \
    X(PROGRESS, "progress", "P", "auto, bar, json or none [auto]")

enum {
#define OPTION_ENUM(identifier, name, value, help) OPT_##identifier,
    OPTION_LIST(OPTION_ENUM)
#undef OPTION_ENUM
        OPT_COUNT
};

static const host_args_option options[OPT_COUNT] = {
#define OPTION_ROW(identifier, name, value, help) {name, value, help},
    OPTION_LIST(OPTION_ROW)
#undef OPTION_ROW
};

static bool is_denoiser_only(int option)
{
    return option == OPT_MODULE || option == OPT_SIGMA ||
           option == OPT_POOL || option == OPT_SEED;
}

static bool take(void *settings, int option, const host_args *a,
                 host_failure *f)
{
    static const char *const kinds[] = {"auto", "bar", "json", "none", NULL};
    embed_options *o = settings;
    o->denoiser_only = is_denoiser_only(option) ? a->name : o->denoiser_only;
    switch (option) {
    case OPT_MODEL: o->model = a->value; return true;
    case OPT_DATA: o->data = a->value; return true;
    case OPT_OUT: o->out = a->value; return true;
    case OPT_MODULE: o->module = a->value; return true;
    case OPT_SIGMA: return host_args_double(a, 1e-9, 1e9, &o->sigma, f);
    case OPT_POOL: return host_args_u64(a, 1, 4096, &o->pool, f);
    case OPT_SEED: return host_args_u64(a, 0, UINT32_MAX, &o->seed, f);
    case OPT_BATCH: return host_args_u64(a, 1, 65536, &o->batch, f);
    case OPT_THREADS:
        return host_args_u64(a, 1, HOST_MAX_THREADS, &o->threads, f);
    case OPT_ISA: o->isa = a->value; return true;
    case OPT_SHARD: return host_shard_parse(a, &o->shard, f);
    case OPT_PROGRESS: return host_args_word(a, kinds, &o->progress, f);
    default:
        return host_bad_usage(f, "unexpected '%s'; see --help", a->value);
    }
}

static bool check(const embed_options *o, host_failure *f)
{
    if (o->model == NULL || o->data == NULL || o->out == NULL) {
        return host_bad_usage(f, "wanted --model M.so, --data D and --out "
                                 "F.npy; see --help");
    }
    size_t length = strlen(o->out);
    return (length > 4 && strcmp(o->out + length - 4, ".npy") == 0) ||
           host_bad_usage(
               f, "--out %s: wanted a file whose name ends in .npy", o->out);
}

host_asked embed_options_parse(embed_options *o, int argc, char **argv,
                               host_failure *f)
{
    static const host_command command = {
        "cedm-embed", "[options]: features of images, by a frozen model",
        options, OPT_COUNT, take};
    *o = (embed_options){.sigma = HOST_DENOISER_FEATURES_SIGMA,
                         .pool = HOST_DENOISER_FEATURES_POOL,
                         .batch = HOST_IMAGE_FEATURES_BATCH,
                         .shard = HOST_SHARD_WHOLE};
    host_asked asked = host_command_parse(&command, argc, argv, o, f);
    if (asked != HOST_ASKED_RUN) {
        return asked;
    }
    bool good = (o->shard.launcher != NULL ||
                 host_shard_from_environment(&o->shard, f)) &&
                check(o, f);
    return good ? HOST_ASKED_RUN : HOST_ASKED_BAD;
}
