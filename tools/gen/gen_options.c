/* SPDX-License-Identifier: MIT
 *
 * gen_options.c - the command line of cedm-gen. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/execution/engine.h"
#include "host/execution/processors.h"
#include "tools/gen/gen_options.h"

#define DEFAULT_N 64u

#define MAX_CELLS 65536u

#define SPACED(word) #word " "

/* X(identifier, name, value, help) */
#define OPTION_LIST(X)                                                       \
    X(MODEL, "model", "M.so", "a frozen model beside its M.cedm [demo]")     \
    X(CLUSTER, "cluster", "LIST",                                            \
      "e.g. 5 or 0-3,7: image i takes number i mod length;\n"                \
      "                               all: --n images of each, a row "       \
      "each;\n"                                                              \
      "                               random: by p(c); none: no label "      \
      "[random]")                                                            \
    X(ID, "id", "LIST", "the same by the ids of the training data")          \
    X(LIKE, "like", "PATH",                                                  \
      "the cluster of a picture: a file, or a folder or zip\n"               \
      "                               whose number i mod length image i "    \
      "takes")                                                               \
    X(ENCODER, "encoder", "M.so", "like: whose features were clustered")     \
    X(CENTRES, "centres", "FILE",                                            \
      "like: IDS.centres.safetensors or IDS.heads.safetensors\n"             \
      "                               of cedm-cluster")                      \
    X(N, "n", "N", "number of images [64]")                                  \
    X(SEED, "seed", "S", "seeds S to S+n-1 [0]")                             \
    X(SEEDS, "seeds", "LIST", "one image for each, e.g. 0-63,70")            \
    X(STEPS, "steps", "N", "steps from the highest noise level down [18]")   \
    X(NFE, "nfe", "N",                                                       \
      "N evaluations: picks solver, steps and levels\n"                      \
      "                               for the least error, and says which")  \
    X(SIGMA_MIN, "sigma-min", "X", "lowest noise level [0.002]")             \
    X(SIGMA_MAX, "sigma-max", "X", "highest noise level [80]")               \
    X(RHO, "rho", "X", "exponent of edm and vpt levels, not 0 [7, vpt 2]")   \
    X(S_CHURN, "S-churn", "X", "stochasticity, 0: none [0]")                 \
    X(S_MIN, "S-min", "X", "churn from this level up [0]")                   \
    X(S_MAX, "S-max", "X", "churn up to this level [inf]")                   \
    X(S_NOISE, "S-noise", "X", "scale of churn's noise [1]")                 \
    X(CHURN_DRAWS, "churn-draws", "R",                                       \
      "churn draws as: " CEDM_CHURN_DRAWS_LIST(SPACED) "[edm]")              \
    X(SOLVER, "solver", "S", CEDM_SOLVER_LIST(SPACED) "[heun]")              \
    X(ORDER, "order", "K", "of a multistep solver [the solver's]")           \
    X(DISC, "disc", "D",                                                     \
      "levels: " CEDM_DISCRETIZATION_LIST(SPACED) "[edm]")                   \
    X(SIGMAS, "sigmas", "LIST", "the levels themselves, e.g. 80,9,1,0.002")  \
    X(SCHEDULE, "schedule", "S",                                             \
      "time: " CEDM_SCHEDULE_LIST(SPACED) "[linear]")                        \
    X(SCALING, "scaling", "S",                                               \
      "of the state in time: " CEDM_SCALING_LIST(SPACED) "[none]")           \
    X(GUIDANCE, "guidance", "W", "(1+W) conditional - W unconditional [0]")  \
    X(GUIDANCE_INTERVAL, "guidance-interval", "LO,HI",                       \
      "guidance where LO < level <= HI [all levels]")                        \
    X(GUIDE, "guide", "M.so",                                                \
      "a worse model in place of no label: W pushes\n"                       \
      "                               away from it")                         \
    X(INIT, "init", "PATH",                                                  \
      "begin at pictures: a file, or a folder or zip whose\n"                \
      "                               number i mod length image i takes")    \
    X(STRENGTH, "strength", "S",                                             \
      "part of the steps that --init takes: the more, the\n"                 \
      "                               less is left [0.5, with --mask 1]")    \
    X(MASK, "mask", "FILE",                                                  \
      "draw what is white in it, keep what is black of --init")              \
    X(RESAMPLE, "resample", "N",                                             \
      "times that --mask does each step, for heun, euler [1]")               \
    X(MIX, "mix", "A:B:STEPS",                                               \
      "rows from cluster A to B, each from a seed to the\n"                  \
      "                               next; --n rows [1]")                   \
    X(FREQ, "freq", "FILE", "images per cluster for random, text or .pt")    \
    X(BATCH, "batch", "B",                                                   \
      "images at a time; changes no image on the CPU\n"                      \
      "                               [16, on a GPU 2 a multiprocessor]")    \
    X(THREADS, "threads", "T", "threads; changes no image [processors]")     \
    X(ISA, "isa", "LIST", "instruction sets, or portable [best]")            \
    X(DEVICE, "device", "D",                                                 \
      "auto, cpu, cuda, cuda:all or e.g. cuda:0,1 [auto]")                   \
    X(PRECISION, "precision", "P",                                           \
      "auto, fp32; on a GPU fp16 or bf16 too [auto]")                        \
    X(SHARD, "shard", "I/N",                                                 \
      "part I of N, 0 to N-1, of the images; else what\n"                    \
      "                               srun, mpirun or torchrun says [0/1]")  \
    X(OUT, "out", "PATH", "file, - or, with --grid none, directory")         \
    X(FORCE, "force", NULL, "replace a file of that default name")           \
    X(FORMAT, "format", "F", "png, npy or raw: uint8 [n][H][W][C] [png]")    \
    X(GRID, "grid", "CxR",                                                   \
      "columns x rows, auto, or none: a file per seed [auto]")               \
    X(PREVIEW, "preview", "K",                                               \
      "after every K-th step, what images will be, as\n"                     \
      "                               OUT-stepN.png")                        \
    X(FROM, "from", "x.png", "draw again what a PNG's record says")          \
    X(PROGRESS, "progress", "P", "auto, bar, json or none [auto]")           \
    X(JSON, "json", NULL, "print a JSON summary instead of the path")        \
    X(BENCH, "bench", NULL, "time the steps; writes no file")                \
    X(FIT_SIGMAS, "fit-sigmas", NULL,                                        \
      "print the list for --sigmas that fits the model\n"                    \
      "                               for so many steps; writes no file")    \
    /* of [EDM]'s and [CEDM]'s programs */                                   \
    X(NETWORK, "network", "--model", NULL)                                   \
    X(OUTDIR, "outdir", "--grid none --out", NULL)                           \
    X(CLASS, "class", "--cluster", NULL)                                     \
    X(CFG_WEIGHT, "cfg_weight", "--guidance", NULL)                          \
    X(FREQ_PATH, "freq_path", "--freq", NULL)                                \
    X(LOAD_SEEDS, "load_seeds", "--seeds", NULL)                             \
    X(SUBDIRS, "subdirs", "--grid none: one folder has them all", NULL)

enum option {
#define OPTION_ENUM(id, name, value, help) OPT_##id,
    OPTION_LIST(OPTION_ENUM)
#undef OPTION_ENUM
        OPT_COUNT
};

static const host_args_option options[OPT_COUNT] = {
#define OPTION_ROW(id, name, value, help) {name, value, help},
    OPTION_LIST(OPTION_ROW)
#undef OPTION_ROW
};

_Static_assert(OPT_COUNT <= HOST_COMMAND_MAX_OPTIONS, "raise the maximum");

/* The options, and what --n and --seed say before they become one list. */
typedef struct counts {
    gen_options *options;
    uint64_t n, seed;
    bool n_given, seed_given;
} counts;

static bool parse_grid(const host_args *a, gen_options *o, host_failure *f)
{
    if (strcmp(a->value, "auto") == 0) {
        return true;
    }
    if (strcmp(a->value, "none") == 0) {
        o->separate = true;
        return true;
    }
    unsigned long columns, rows;
    int used = 0;
    if (strlen(a->value) < 16 &&
        strspn(a->value, "0123456789x") == strlen(a->value) &&
        sscanf(a->value, "%lux%lu%n", &columns, &rows, &used) == 2 &&
        a->value[used] == '\0' && columns >= 1 && rows >= 1 &&
        columns <= MAX_CELLS && rows <= MAX_CELLS) {
        o->columns = columns;
        o->rows = rows;
        return true;
    }
    return host_bad_usage(
        f, "--grid: wanted auto, none or COLUMNSxROWS, got '%s'", a->value);
}

static bool take(void *to, int option, const host_args *a, host_failure *f)
{
    counts *c = to;
    gen_options *o = c->options;
    static const char *const formats[] = {"png", "npy", "raw", NULL};
    static const char *const kinds[] = {"auto", "bar", "json", "none", NULL};
    switch (option) {
    case OPT_MODEL: o->model = a->value; return true;
    case OPT_CLUSTER: o->clusters = a->value; return true;
    case OPT_ID: o->ids = a->value; return true;
    case OPT_LIKE: o->like.pictures = a->value; return true;
    case OPT_ENCODER: o->like.encoder = a->value; return true;
    case OPT_CENTRES: o->like.centres = a->value; return true;
    case OPT_N:
        c->n_given = true;
        return host_args_u64(a, 1, UINT64_MAX, &c->n, f);
    case OPT_SEED:
        c->seed_given = true;
        return host_args_u64(a, 0, UINT64_MAX, &c->seed, f);
    case OPT_SEEDS:
        o->seeds_text = a->value;
        return host_args_list_parse("seeds", a->value, &o->seeds, f);
    case OPT_STEPS:
        return host_args_u64(a, 1, CEDM_MAX_STEPS, &o->sampler.steps, f);
    case OPT_NFE:
        return host_args_u64(a, 1, CEDM_MAX_STEPS, &o->sampler.nfe, f);
    case OPT_ORDER: return host_args_u64(a, 1, 99, &o->sampler.order, f);
    case OPT_SIGMAS: return gen_sampler_sigmas_option(&o->sampler, a, f);
    case OPT_SOLVER:
        return gen_sampler_word_option(&o->sampler, a, HOST_SAMPLER_solver,
                                       f);
    case OPT_DISC:
        return gen_sampler_word_option(&o->sampler, a,
                                       HOST_SAMPLER_discretization, f);
    case OPT_SCHEDULE:
        return gen_sampler_word_option(&o->sampler, a, HOST_SAMPLER_schedule,
                                       f);
    case OPT_SCALING:
        return gen_sampler_word_option(&o->sampler, a, HOST_SAMPLER_scaling,
                                       f);
    case OPT_CHURN_DRAWS:
        return gen_sampler_word_option(&o->sampler, a,
                                       HOST_SAMPLER_churn_draws, f);
    case OPT_GUIDANCE_INTERVAL:
        return gen_sampler_interval_option(&o->sampler, a, f);
    case OPT_GUIDE: o->guide = a->value; return true;
    case OPT_INIT: o->init = a->value; return true;
    case OPT_STRENGTH:
        return host_args_double(a, 1e-6, 1, &o->sampler.strength, f);
    case OPT_MASK: o->mask = a->value; return true;
    case OPT_RESAMPLE:
        return host_args_u64(a, 1, CEDM_MAX_ROUNDS, &o->resample, f);
    case OPT_MIX: o->mix = a->value; return true;
    case OPT_PREVIEW:
        return host_args_u64(a, 1, CEDM_MAX_STEPS, &o->preview, f);
    case OPT_FREQ: o->freq = a->value; return true;
    case OPT_BATCH:
        return host_args_u64(a, 1, HOST_ENGINE_MAX_BATCH, &o->batch, f);
    case OPT_THREADS:
        return host_args_u64(a, 1, HOST_MAX_THREADS, &o->threads, f);
    case OPT_ISA: o->isa = a->value; return true;
    case OPT_DEVICE: return host_device_parse(a, &o->device, f);
    case OPT_PRECISION: return host_precision_parse(a, &o->precision, f);
    case OPT_SHARD: return host_shard_parse(a, &o->shard, f);
    case OPT_OUT: o->out = a->value; return true;
    case OPT_FORCE: o->force = true; return true;
    case OPT_FORMAT: return host_args_word(a, formats, &o->format, f);
    case OPT_GRID: return parse_grid(a, o, f);
    case OPT_FROM: o->from = a->value; return true;
    case OPT_PROGRESS: return host_args_word(a, kinds, &o->progress, f);
    case OPT_JSON: o->json = true; return true;
    case OPT_BENCH: o->bench = true; return true;
    case OPT_FIT_SIGMAS: o->fit = true; return true;
    case HOST_ARGS_OPERAND:
        return host_bad_usage(f, "unexpected '%s'; see --help", a->value);
    default: return gen_sampler_number_option(&o->sampler, a, f);
    }
}

static bool make_seeds(gen_options *o, const counts *c, host_failure *f)
{
    if (o->seeds_text != NULL || o->from != NULL) {
        return true;
    }
    uint64_t n = c->n;
    if (o->mix != NULL) { /* a row has two */
        n = !c->n_given ? 2 : n <= UINT64_MAX / 2 ? 2 * n : UINT64_MAX;
    }
    if (n - 1 > UINT64_MAX - c->seed || n == UINT64_MAX) {
        return host_bad_usage(f,
                              "--n: seeds %" PRIu64 " and on, %" PRIu64
                              " of them, run beyond 64 bits",
                              c->seed, c->n);
    }
    o->seeds.ranges = malloc(sizeof *o->seeds.ranges);
    if (o->seeds.ranges == NULL) {
        return host_fail(f, "out of memory");
    }
    o->seeds.ranges[0] = (host_args_range){c->seed, c->seed + (n - 1)};
    o->seeds.range_count = 1;
    o->seeds.count = n;
    return true;
}

host_asked gen_options_parse(gen_options *o, int argc, char **argv,
                             host_failure *f)
{
    static const host_command command = {
        "cedm-gen", "[options]: draws images from a frozen model", options,
        OPT_COUNT, take};
    memset(o, 0, sizeof *o);
    o->sampler = gen_sampler_none();
    o->precision = HOST_PRECISION_AUTO;
    o->shard = (host_shard)HOST_SHARD_WHOLE;
    counts c = {o, DEFAULT_N, 0, false, false};
    host_asked asked = host_command_parse(&command, argc, argv, &c, f);
    if (asked != HOST_ASKED_RUN) {
        return asked;
    }
    o->counted = c.n_given || o->seeds_text != NULL;
    bool good = (o->shard.launcher != NULL ||
                 host_shard_from_environment(&o->shard, f)) &&
                gen_options_check(o, c.n_given || c.seed_given, f) &&
                make_seeds(o, &c, f);
    return good ? HOST_ASKED_RUN : HOST_ASKED_BAD;
}

void gen_options_free(gen_options *o)
{
    host_args_list_free(&o->seeds);
    gen_sampler_free(&o->sampler);
}
