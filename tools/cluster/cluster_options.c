/* SPDX-License-Identifier: MIT
 *
 * cluster_options.c - the command line of cedm-cluster: commands, and the
 * options that each takes. */
#include <stdio.h>
#include <string.h>

#include "cedm.h"
#include "cluster/bound.h"
#include "host/cli/args.h"
#include "host/execution/processors.h"
#include "host/files/spared.h"
#include "tools/cluster/cluster_options.h"

/* Commands as bits of a mask. */
enum command_bit {
    KMEANS = 1,
    KNN = 2,
    TEMI = 4,
    BOUND = 8,
    SCORE = 16,
    ASSIGN = 32,
    SHOW = 64,
    ALL = 127,
    HEADS = TEMI | BOUND,
    BY_RANKS = KMEANS | TEMI | BOUND
};

/* X(identifier, name, value, commands, help) */
#define OPTION_LIST(X)                                                       \
    X(FEATURES, "features", "F.npy", ALL & ~SCORE,                           \
      "a row of features for each image")                                    \
    X(CLUSTERS, "clusters", "C", KMEANS | TEMI | SCORE,                      \
      "how many; score: of the ids [largest id + 1]")                        \
    X(OUT, "out", "FILE", ALL & ~SCORE,                                      \
      "ids (.npy), neighbours (.npy), bound (.json) or sheet (.png)")        \
    X(INIT, "init", "I", KMEANS,                                             \
      "plusplus, random, or first centres as .npy [plusplus]")               \
    X(N_INIT, "n-init", "N", KMEANS, "runs, of which the best counts [10]")  \
    X(MAX_ITER, "max-iter", "N", KMEANS, "iterations of a run [300]")        \
    X(TOL, "tol", "X", KMEANS,                                               \
      "moves of centres, over the variance, that end a run [1e-4]")          \
    X(BATCH, "batch", "B", KMEANS | HEADS,                                   \
      "kmeans: small batches of so many rows; others: pairs of a step "      \
      "[1024]")                                                              \
    X(NORMALIZE, "normalize", NULL, KMEANS | HEADS,                          \
      "divide rows by their lengths")                                        \
    X(STANDARDIZE, "standardize", NULL, HEADS,                               \
      "features of mean 0 and deviation 1")                                  \
    X(NEIGHBOURS, "neighbours", "K", KNN | HEADS,                            \
      "nearest rows, by cosine [50]")                                        \
    X(SIMILARITY, "similarity", "S.npy", KNN, "also write their cosines")    \
    X(SHARD, "shard", "I/N", KNN,                                            \
      "part I of N, 0 to N-1, of the rows; else what\n"                      \
      "                               srun, mpirun or torchrun says [0/1]")  \
    X(NEAR, "knn", "K.npy", HEADS, "neighbours that knn has found")          \
    X(HEADS, "heads", "H", HEADS, "heads trained side by side [16]")         \
    X(EPOCHS, "epochs", "N", HEADS, "passes over the rows [100]")            \
    X(WARMUP, "warmup", "N", HEADS, "epochs until the full rate [20]")       \
    X(RATE, "rate", "X", HEADS,                                              \
      "learning rate for a batch of 256, in proportion [1e-4]")              \
    X(MIN_RATE, "min-rate", "X", HEADS, "rate at the end [the rate]")        \
    X(DECAY, "decay", "X", HEADS, "weight decay [1e-4]")                     \
    X(MOMENTUM, "momentum", "X", HEADS, "of the teacher [0.996]")            \
    X(MAX_MOMENTUM, "max-momentum", "X", HEADS,                              \
      "of the teacher at the end [the momentum]")                            \
    X(LOSS, "loss", "L", HEADS, "temi, pmi, wmi or scan [temi]")             \
    X(BETA, "beta", "X", HEADS, "1: few clusters; less: more [0.6]")         \
    X(POSITIVE, "positive", NULL, HEADS,                                     \
      "pairs that share less than chance count as chance")                   \
    X(HIDDEN, "hidden", "N", HEADS, "units of a head's first layer [512]")   \
    X(BOTTLENECK, "bottleneck", "N", HEADS, "and of its second [256]")       \
    X(GRID, "grid", "LIST", BOUND, "numbers of clusters like 10,50 [auto]")  \
    X(ALPHA, "alpha", "X", BOUND,                                            \
      "share of clusters that must be used [0.96]")                          \
    X(SEEDS, "seeds", "N", BOUND, "runs of each number of clusters [1]")     \
    X(LABELS, "labels", "L", SCORE, "a class per image: .npy, .pt or text")  \
    X(MODEL, "model", "M", ASSIGN,                                           \
      "centres or heads that kmeans or temi saved, or TEMI's own")           \
    X(DATA, "data", "D", SHOW,                                               \
      "an EDM dataset (zip or folder), CIFAR's .bin, or idx images")         \
    X(COLUMNS, "columns", "N", SHOW, "images of a cluster [10]")             \
    X(SEED, "seed", "S", KMEANS | HEADS, "of all that is random [0]")        \
    X(THREADS, "threads", "T", ALL, "changes no result [processors]")        \
    X(RESUME, "resume", NULL, KMEANS | KNN | HEADS,                          \
      "go on where the same command was stopped")                            \
    X(PROGRESS, "progress", "P", ALL, "auto, bar, json or none [auto]")      \
    X(JSON, "json", NULL, ALL, "print one JSON object")                      \
    X(VERSION, "version", NULL, ALL, "print the version")                    \
    X(HELP, "help", NULL, ALL, "print this text")

enum option {
#define OPTION_ID(id, name, value, commands, help) OPT_##id,
    OPTION_LIST(OPTION_ID)
#undef OPTION_ID
        OPT_COUNT
};

_Static_assert((int)OPT_COUNT <= HOST_ARGS_MAX_OPTIONS, "the parser's limit");

static const host_args_option options[OPT_COUNT] = {
#define OPTION_ROW(id, name, value, commands, help) {name, value, help},
    OPTION_LIST(OPTION_ROW)
#undef OPTION_ROW
};

static const unsigned taken_by[OPT_COUNT] = {
#define OPTION_COMMANDS(id, name, value, commands, help) commands,
    OPTION_LIST(OPTION_COMMANDS)
#undef OPTION_COMMANDS
};

/* What a command needs, in its usage line. */
static const struct command {
    const char *name, *usage;
    unsigned bit;
    bool operand;
    cluster_command *run;
} commands[] = {
    {"kmeans", "--features F.npy --clusters C --out IDS.npy", KMEANS, false,
     cluster_command_kmeans},
    {"knn", "--features F.npy --out K.npy", KNN, false, cluster_command_knn},
    {"temi", "--features F.npy --clusters C --out IDS.npy", TEMI, false,
     cluster_command_temi},
    {"bound", "--features F.npy --out BOUND.json", BOUND, false,
     cluster_command_bound},
    {"score", "IDS.npy [--labels L]", SCORE, true, cluster_command_score},
    {"assign", "--features F.npy --model M --out IDS.npy", ASSIGN, false,
     cluster_command_assign},
    {"show", "IDS.npy --data D --out SHEET.png", SHOW, true,
     cluster_command_show},
};
#define COMMANDS (sizeof commands / sizeof commands[0])

/* ---- values ------------------------------------------------------------- */

static bool read_u32(const host_args *a, uint32_t low, uint32_t high,
                     uint32_t *out, host_failure *f)
{
    uint64_t value = 0;
    const bool good = host_args_u64(a, low, high, &value, f);

    *out = good ? (uint32_t)value : *out;
    return good;
}

static bool read_file(cluster_settings *s, int option, const host_args *a)
{
    const char **to = option == OPT_FEATURES     ? &s->features
                      : option == OPT_OUT        ? &s->out
                      : option == OPT_SIMILARITY ? &s->similarity
                      : option == OPT_NEAR       ? &s->knn
                      : option == OPT_LABELS     ? &s->labels
                      : option == OPT_MODEL      ? &s->model
                      : option == OPT_GRID       ? &s->grid
                                                 : &s->data;

    *to = a->value;
    return true;
}

static bool read_kmeans(cluster_settings *s, int option, const host_args *a,
                        host_failure *f)
{
    switch (option) {
    case OPT_INIT:
        s->kmeans.seeding = CLUSTER_SEEDING_plusplus;
        if (strcmp(a->value, "random") == 0) {
            s->kmeans.seeding = CLUSTER_SEEDING_random;
        } else if (strcmp(a->value, "plusplus") != 0) {
            s->kmeans.seeding = CLUSTER_SEEDING_given;
            s->init_file = a->value;
        }
        return true;
    case OPT_N_INIT: return host_args_u64(a, 1, 1000000, &s->runs, f);
    case OPT_MAX_ITER:
        return read_u32(a, 1, 1000000, &s->kmeans.iterations, f);
    default: return host_args_double(a, 0.0, 1e6, &s->kmeans.tolerance, f);
    }
}

static bool read_loss(cluster_settings *s, const host_args *a,
                      host_failure *f)
{
    static const char *const words[] = {
#define WORD(word) #word,
        CLUSTER_LOSS_LIST(WORD)
#undef WORD
            NULL};
    int word = 0;
    const bool good = host_args_word(a, words, &word, f);

    s->temi.loss = (cluster_loss)word;
    return good;
}

static bool read_heads(cluster_settings *s, int option, const host_args *a,
                       host_failure *f)
{
    cluster_temi_options *t = &s->temi;

    switch (option) {
    case OPT_NEIGHBOURS: return read_u32(a, 1, 65536, &t->neighbours, f);
    case OPT_HEADS: return read_u32(a, 1, 1024, &t->heads, f);
    case OPT_EPOCHS: return read_u32(a, 1, 1000000, &t->epochs, f);
    case OPT_WARMUP: return read_u32(a, 0, 1000000, &t->warmup, f);
    case OPT_RATE: return host_args_double(a, 0.0, 1e3, &t->rate[0], f);
    case OPT_MIN_RATE: return host_args_double(a, 0.0, 1e3, &t->rate[1], f);
    case OPT_DECAY: return host_args_double(a, 0.0, 1e3, &t->decay, f);
    case OPT_MOMENTUM:
        return host_args_double(a, 0.0, 1.0, &t->momentum[0], f);
    case OPT_MAX_MOMENTUM:
        return host_args_double(a, 0.0, 1.0, &t->momentum[1], f);
    case OPT_LOSS: return read_loss(s, a, f);
    case OPT_BETA: return host_args_double(a, 1e-6, 1e3, &t->beta, f);
    case OPT_HIDDEN: return read_u32(a, 1, 16384, &t->shape.hidden, f);
    case OPT_BOTTLENECK:
        return read_u32(a, 1, 16384, &t->shape.bottleneck, f);
    default: t->positive = true; return true;
    }
}

static bool read_run(cluster_settings *s, int option, const host_args *a,
                     host_failure *f)
{
    static const char *const kinds[] = {"auto", "bar", "json", "none", NULL};

    switch (option) {
    case OPT_CLUSTERS: return host_args_u64(a, 1, 1u << 20, &s->clusters, f);
    case OPT_BATCH: return host_args_u64(a, 1, 65536, &s->batch, f);
    case OPT_ALPHA: return host_args_double(a, 0.0, 1.0, &s->alpha, f);
    case OPT_SEEDS: return host_args_u64(a, 1, 1000, &s->seeds, f);
    case OPT_COLUMNS: return host_args_u64(a, 1, 1000, &s->columns, f);
    case OPT_SEED: return host_args_u64(a, 0, UINT32_MAX, &s->seed, f);
    case OPT_THREADS:
        return host_args_u64(a, 1, HOST_MAX_THREADS, &s->threads, f);
    case OPT_SHARD: return host_shard_parse(a, &s->shard, f);
    case OPT_PROGRESS: return host_args_word(a, kinds, &s->progress, f);
    case OPT_NORMALIZE: s->normalize = true; return true;
    case OPT_STANDARDIZE: s->standardize = true; return true;
    case OPT_RESUME: s->resume = true; return true;
    default: s->json = true; return true;
    }
}

static bool read_option(cluster_settings *s, int option, const host_args *a,
                        host_failure *f)
{
    switch (option) {
    case OPT_FEATURES:
    case OPT_OUT:
    case OPT_SIMILARITY:
    case OPT_NEAR:
    case OPT_LABELS:
    case OPT_MODEL:
    case OPT_GRID:
    case OPT_DATA: return read_file(s, option, a);
    case OPT_INIT:
    case OPT_N_INIT:
    case OPT_MAX_ITER:
    case OPT_TOL: return read_kmeans(s, option, a, f);
    case OPT_NEIGHBOURS:
    case OPT_HEADS:
    case OPT_EPOCHS:
    case OPT_WARMUP:
    case OPT_RATE:
    case OPT_MIN_RATE:
    case OPT_DECAY:
    case OPT_MOMENTUM:
    case OPT_MAX_MOMENTUM:
    case OPT_LOSS:
    case OPT_BETA:
    case OPT_POSITIVE:
    case OPT_HIDDEN:
    case OPT_BOTTLENECK: return read_heads(s, option, a, f);
    default: return read_run(s, option, a, f);
    }
}

/* ---- the whole line ----------------------------------------------------- */

static const struct command *find_command(const char *name, host_failure *f)
{
    char wanted[128] = "";

    for (size_t i = 0; i < COMMANDS; i++) {
        const size_t used = strlen(wanted);

        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
        (void)snprintf(wanted + used, sizeof wanted - used, "%s%s",
                       i > 0 ? ", " : "", commands[i].name);
    }
    (void)host_bad_usage(f, "unknown command '%s'; wanted one of %s", name,
                         wanted);
    return NULL;
}

static bool spares_inputs(const cluster_settings *s, host_failure *f)
{
    const char *const inputs[] = {s->operand,    s->features, s->labels,
                                  s->data,       s->model,    s->knn,
                                  s->similarity, s->init_file};
    return host_spared(s->out, inputs, sizeof inputs / sizeof inputs[0], f);
}

static bool check_use(const struct command *c, const cluster_settings *s,
                      const char *seen, host_failure *f)
{
    const bool features = c->bit != SCORE && c->bit != SHOW;
    const bool clusters = c->bit == KMEANS || c->bit == TEMI;

    for (int i = 0; i < OPT_COUNT; i++) {
        if (seen[i] != 0 && (taken_by[i] & c->bit) == 0) {
            return host_bad_usage(f, "%s: takes no option '--%s'; see --help",
                                  c->name, options[i].name);
        }
    }
    if ((s->operand != NULL) != c->operand ||
        (features && s->features == NULL) ||
        (c->bit != SCORE && s->out == NULL) ||
        (clusters && s->clusters == 0) ||
        (c->bit == SHOW && s->data == NULL) ||
        (c->bit == ASSIGN && s->model == NULL)) {
        return host_bad_usage(f, "%s: wanted %s; see --help", c->name,
                              c->usage);
    }
    return spares_inputs(s, f);
}

static void print_help(void)
{
    char text[1024];
    size_t used = (size_t)snprintf(
        text, sizeof text,
        "cedm-cluster COMMAND [options]: clusters images by their features\n");

    for (size_t i = 0; i < COMMANDS; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 "\n    cedm-cluster %s %s", commands[i].name,
                                 commands[i].usage);
    }
    host_args_help(text, options, OPT_COUNT);
}

/* What was not given follows from what was. */
static void complete(cluster_settings *s, const char *seen)
{
    if (seen[OPT_MIN_RATE] == 0) {
        s->temi.rate[1] = s->temi.rate[0];
    }
    if (seen[OPT_MAX_MOMENTUM] == 0) {
        s->temi.momentum[1] = s->temi.momentum[0];
    }
    if (s->kmeans.seeding == CLUSTER_SEEDING_given) {
        s->runs = 1; /* all would be the same */
    }
    s->kmeans.clusters = s->temi.shape.clusters = (uint32_t)s->clusters;
    s->kmeans.seed = s->temi.seed = (uint32_t)s->seed;
    if (s->batch > 0) {
        s->temi.batch = (uint32_t)s->batch;
    }
}

/* The command, then its file. */
static bool read_operand(cluster_settings *s, const struct command **found,
                         const char *text, host_failure *f)
{
    if (*found == NULL) {
        *found = find_command(text, f);
        s->by_ranks = *found != NULL && ((*found)->bit & BY_RANKS) != 0;
        return *found != NULL;
    }
    if (s->operand != NULL) {
        return host_bad_usage(f, "unexpected '%s'; see --help", text);
    }
    s->operand = text;
    return true;
}

static cluster_settings defaults(void)
{
    return (cluster_settings){
        .kmeans = cluster_kmeans_options_default(),
        .temi = cluster_temi_options_default(),
        .runs = 10,
        .seeds = 1,
        .alpha = CLUSTER_BOUND_ALPHA,
        .columns = 10,
        .grid = "auto",
        .shard = HOST_SHARD_WHOLE,
    };
}

cluster_parsed cluster_options_parse(cluster_settings *s,
                                     cluster_command **command, int argc,
                                     char **argv, host_failure *f)
{
    char seen[HOST_ARGS_MAX_OPTIONS];
    host_args a = host_args_begin(argc, argv, options, OPT_COUNT, seen);
    const struct command *found = NULL;
    int option;

    *s = defaults();
    while ((option = host_args_next(&a, f)) >= 0) {
        if (option == OPT_HELP) {
            print_help();
            return CLUSTER_PARSED_DONE;
        }
        if (option == OPT_VERSION) {
            puts("cedm-cluster " CEDM_VERSION);
            return CLUSTER_PARSED_DONE;
        }
        if (option == HOST_ARGS_OPERAND ? !read_operand(s, &found, a.value, f)
                                        : !read_option(s, option, &a, f)) {
            return CLUSTER_PARSED_BAD;
        }
    }
    if (option == HOST_ARGS_BAD ||
        (found == NULL &&
         !host_bad_usage(f, "wanted a command; see --help"))) {
        return CLUSTER_PARSED_BAD;
    }
    complete(s, seen);
    *command = found->run;
    const bool good = check_use(found, s, seen, f) &&
                      (found->bit != KNN || s->shard.launcher != NULL ||
                       host_shard_from_environment(&s->shard, f));

    return good ? CLUSTER_PARSED_RUN : CLUSTER_PARSED_BAD;
}
