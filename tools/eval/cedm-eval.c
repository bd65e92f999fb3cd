/* SPDX-License-Identifier: MIT
 *
 * cedm-eval.c - measures how far generated images are from real ones, by
 * their features. */
#include <stdio.h>
#include <string.h>

#include "host/cli/command.h"
#include "host/cli/results.h"
#include "host/cli/signals.h"
#include "host/execution/pool.h"
#include "host/execution/processors.h"
#include "host/files/output.h"
#include "host/files/spared.h"
#include "tools/eval/eval_blas.h"
#include "tools/eval/eval_input.h"
#include "tools/eval/eval_state.h"

/* ---- the command line --------------------------------------------------- */

enum {
    OPT_MODEL,
    OPT_STATE,
    OPT_OUTPUT,
    OPT_SUBSETS,
    OPT_SUBSET_SIZE,
    OPT_NEIGHBOURS,
    OPT_CLOSED,
    OPT_SPLITS,
    OPT_SEED,
    OPT_THREADS,
    OPT_PROGRESS,
    OPT_JSON,
    OPT_COUNT
};

static const host_args_option options[OPT_COUNT] = {
    {"model", "M.so",
     "a frozen model, whose features images of data sets get"},
    {"state", "DIR",
     "keep those features there until the end: killed,\n"
     "                               the same command goes on"},
    {"-o", "STATS.npz", "ref: the file to write"},
    {"subsets", "N", "kid: random subsets [100]"},
    {"subset-size", "N", "kid: images of each; fewer are taken whole [1000]"},
    {"neighbours", "K", "prdc: balls reach to the K-th neighbour [5]"},
    {"closed", NULL, "prdc: a ball's surface belongs to it"},
    {"splits", "N", "is: runs of images that are scored [10]"},
    {"seed", "S", "kid, fd-infinity: of random subsets [0]"},
    {"threads", "T", "threads; changes no result [processors]"},
    {"progress", "P", "of such features: auto, bar, json or none [auto]"},
    {"json", NULL, "print one JSON object"},
};

#define BIT(option) (1u << (option))
#define EVERYWHERE                                                           \
    (BIT(OPT_MODEL) | BIT(OPT_STATE) | BIT(OPT_THREADS) |                    \
     BIT(OPT_PROGRESS) | BIT(OPT_JSON))

static const struct {
    const char *name, *operands;
    int files;
    unsigned options; /* besides those of all commands */
    eval_command *run;
} commands[] = {
    {"fd", "REF GEN", 2, 0, eval_fd},
    {"fd-infinity", "REF GEN", 2, BIT(OPT_SEED), eval_fd_infinity},
    {"kid", "REF GEN", 2,
     BIT(OPT_SEED) | BIT(OPT_SUBSETS) | BIT(OPT_SUBSET_SIZE), eval_kid},
    {"prdc", "REF GEN", 2, BIT(OPT_NEIGHBOURS) | BIT(OPT_CLOSED), eval_prdc},
    {"auroc", "TRAIN IN OUT", 3, 0, eval_auroc},
    {"is", "PROBS", 1, BIT(OPT_SPLITS), eval_is},
    {"vendi", "FEATURES", 1, 0, eval_vendi},
    {"ref", "FEATURES -o STATS.npz", 1, BIT(OPT_OUTPUT), eval_ref},
};
#define COMMANDS (sizeof commands / sizeof commands[0])

/* What the command line says. */
typedef struct request {
    eval_settings settings;
    size_t command; /* an index; COMMANDS: none yet */
    int files;
    unsigned given; /* options, a bit each */
} request;

static bool take_option(eval_settings *s, int option, const host_args *a,
                        host_failure *f)
{
    static const char *const kinds[] = {"auto", "bar", "json", "none", NULL};
    switch (option) {
    case OPT_MODEL: s->model = a->value; return true;
    case OPT_STATE: s->state = a->value; return true;
    case OPT_OUTPUT: s->output = a->value; return true;
    case OPT_SUBSETS: return host_args_u64(a, 1, 100000, &s->subsets, f);
    case OPT_SUBSET_SIZE:
        return host_args_u64(a, 2, 1000000, &s->subset_size, f);
    case OPT_NEIGHBOURS: return host_args_u64(a, 1, 1024, &s->neighbours, f);
    case OPT_CLOSED: s->closed = true; return true;
    case OPT_SPLITS: return host_args_u64(a, 1, 100000, &s->splits, f);
    case OPT_SEED: return host_args_u64(a, 0, UINT32_MAX, &s->seed, f);
    case OPT_THREADS:
        return host_args_u64(a, 1, HOST_MAX_THREADS, &s->threads, f);
    case OPT_PROGRESS: return host_args_word(a, kinds, &s->progress, f);
    default: s->json = true; return true;
    }
}

/* The index of the command of that name. */
static bool find_command(const char *name, size_t *command, host_failure *f)
{
    char wanted[128] = "";
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            *command = i;
            return true;
        }
        size_t used = strlen(wanted);
        (void)snprintf(wanted + used, sizeof wanted - used, "%s%s",
                       i > 0 ? ", " : "", commands[i].name);
    }
    return host_bad_usage(f, "unknown command '%s'; wanted one of %s", name,
                          wanted);
}

static bool take(void *to, int option, const host_args *a, host_failure *f)
{
    request *r = to;
    if (option != HOST_ARGS_OPERAND) {
        r->given |= BIT(option);
        return take_option(&r->settings, option, a, f);
    }
    if (r->command == COMMANDS) {
        return find_command(a->value, &r->command, f);
    }
    if (r->files < EVAL_FILES_MAX) {
        r->settings.files[r->files] = a->value;
    }
    r->files++;
    return true;
}

static bool has_images(const request *r)
{
    for (int i = 0; i < r->files; i++) {
        if (eval_is_images(r->settings.files[i])) {
            return true;
        }
    }
    return false;
}

/* Whether the command has the files and options that it takes. */
static bool check(const request *r, host_failure *f)
{
    if (r->command == COMMANDS) {
        return host_bad_usage(f, "wanted a command; see --help");
    }
    const char *name = commands[r->command].name;
    if (r->files != commands[r->command].files) {
        return host_bad_usage(f, "%s: wanted %s, got %d files", name,
                              commands[r->command].operands, r->files);
    }
    unsigned allowed = commands[r->command].options | EVERYWHERE;
    for (int i = 0; i < OPT_COUNT; i++) {
        if ((r->given & ~allowed & BIT(i)) != 0) {
            return host_bad_usage(f, "%s: takes no option '%s%s'; see --help",
                                  name, options[i].name[0] == '-' ? "" : "--",
                                  options[i].name);
        }
    }
    if (r->settings.state != NULL && r->settings.model == NULL) {
        return host_bad_usage(f, "--state: is for features that are made; "
                                 "wanted --model, too");
    }
    if (r->settings.model != NULL && !has_images(r)) {
        return host_bad_usage(f, "--model: is for data sets; wanted one, got "
                                 "files of features and statistics");
    }
    return commands[r->command].run != eval_ref ||
           r->settings.output != NULL ||
           host_bad_usage(f, "ref: wanted -o STATS.npz; see --help");
}

#define USAGE_MAX 768

/* The head of the help, with a line for each command. */
static void describe(char usage[USAGE_MAX])
{
    size_t used = (size_t)snprintf(
        usage, USAGE_MAX,
        "COMMAND FILE... [options]: measures images by features\n"
        "(.npy, a row per image) or statistics of them (.npz, mu and "
        "sigma);\nwith --model also data sets: a zip file or folder, "
        "CIFAR's or idx files\n");
    for (size_t i = 0; i < COMMANDS; i++) {
        used += (size_t)snprintf(usage + used, USAGE_MAX - used,
                                 "\n    cedm-eval %s %s", commands[i].name,
                                 commands[i].operands);
    }
}

/* ---- running ------------------------------------------------------------ */

/* Results are out when this returns. */
static bool measure(eval_run *run, const request *r, host_failure *f)
{
    return commands[r->command].run(run, f) &&
           host_results_print(run->results, r->settings.json, f) &&
           host_output_standard(f);
}

/* What others may go on from is left only by a run that failed. */
static bool measure_images(eval_run *run, const request *r, host_failure *f)
{
    eval_state state;
    host_failure ignored;
    bool good = eval_state_open(&state, r->settings.state, f);
    run->state = &state;
    good = good && measure(run, r, f);
    for (int i = 0; i < r->files && (good || state.temporary); i++) {
        good = eval_state_drop(&state, i, good ? f : &ignored) && good;
    }
    eval_state_close(&state);
    return good;
}

static bool go(const request *r, host_failure *f)
{
    if (!host_spared(r->settings.output, r->settings.files, 1, f)) {
        return false; /* ref has one file */
    }
    uint32_t processors = host_processors();
    uint32_t threads =
        r->settings.threads > 0 ? (uint32_t)r->settings.threads : processors;
    host_pool *p = host_pool_open(threads, processors, f);
    if (p == NULL) {
        return false;
    }
    eval_run run = {&r->settings,
                    NULL,
                    {host_pool_for, p, threads},
                    cJSON_CreateObject()};
    bool good = (run.results != NULL || host_fail(f, "out of memory")) &&
                (r->settings.model != NULL ? measure_images(&run, r, f)
                                           : measure(&run, r, f));
    cJSON_Delete(run.results);
    host_pool_close(p);
    return good;
}

int main(int argc, char **argv)
{
    request r = {.settings = {.subsets = 100,
                              .subset_size = 1000,
                              .neighbours = 5,
                              .splits = 10},
                 .command = COMMANDS};
    char usage[USAGE_MAX];
    const host_command command = {"cedm-eval", usage, options, OPT_COUNT,
                                  take};
    host_failure f = HOST_FAILURE_UNSAID;
    describe(usage);
    host_signals_begin("cedm-eval");
    host_asked asked = host_command_parse(&command, argc, argv, &r, &f);
    bool good = asked == HOST_ASKED_SHOWN;
    if (asked == HOST_ASKED_RUN && check(&r, &f)) {
        eval_blas_begin(argv);
        good = go(&r, &f);
    }
    good = good && host_output_standard(&f);
    return good ? HOST_EXIT_DONE : host_failure_report(command.name, &f);
}
