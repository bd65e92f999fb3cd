/* SPDX-License-Identifier: MIT
 *
 * cedm-eval.c - measures how far generated images are from real ones, by
 * their features. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cedm.h"
#include "tools/args.h"
#include "tools/eval/blas.h"
#include "tools/eval/run.h"
#include "tools/exact_number.h"
#include "tools/output.h"
#include "tools/pool.h"

/* ---- the command line --------------------------------------------------- */

enum {
    OPT_OUTPUT, OPT_SUBSETS, OPT_SUBSET_SIZE, OPT_NEIGHBOURS, OPT_CLOSED,
    OPT_SPLITS, OPT_SEED, OPT_THREADS, OPT_JSON, OPT_VERSION, OPT_HELP,
    OPT_COUNT
};

static const args_option options[OPT_COUNT] = {
    {"-o", "STATS.npz", "ref: the file to write"},
    {"subsets", "N", "kid: random subsets [100]"},
    {"subset-size", "N", "kid: images of each; fewer are taken whole [1000]"},
    {"neighbours", "K", "prdc: balls reach to the K-th neighbour [5]"},
    {"closed", NULL, "prdc: a ball's surface belongs to it"},
    {"splits", "N", "is: runs of images that are scored [10]"},
    {"seed", "S", "kid, fd-infinity: of random subsets [0]"},
    {"threads", "T", "threads; changes no result [processors]"},
    {"json", NULL, "print one JSON object"},
    {"version", NULL, "print the version"},
    {"help", NULL, "print this text"},
};

#define BIT(option) (1u << (option))
#define EVERYWHERE                                                           \
    (BIT(OPT_THREADS) | BIT(OPT_JSON) | BIT(OPT_VERSION) | BIT(OPT_HELP))

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

static bool parse_option(int option, const args *a, eval_settings *s,
                         failure *f)
{
    switch (option) {
    case OPT_OUTPUT: s->output = a->value; return true;
    case OPT_SUBSETS: return args_u64(a, 1, 100000, &s->subsets, f);
    case OPT_SUBSET_SIZE: return args_u64(a, 2, 1000000, &s->subset_size, f);
    case OPT_NEIGHBOURS: return args_u64(a, 1, 1024, &s->neighbours, f);
    case OPT_CLOSED: s->closed = true; return true;
    case OPT_SPLITS: return args_u64(a, 1, 100000, &s->splits, f);
    case OPT_SEED: return args_u64(a, 0, UINT32_MAX, &s->seed, f);
    case OPT_THREADS: return args_u64(a, 1, 1024, &s->threads, f);
    case OPT_JSON: s->json = true; return true;
    case OPT_VERSION: s->version = true; return true;
    default: s->help = true; return true;
    }
}

/* The index of the command of that name. */
static bool find_command(const char *name, size_t *command, failure *f)
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
    return bad_usage(f, "unknown command '%s'; wanted one of %s", name,
                     wanted);
}

static bool check_use(size_t command, int files, const char *seen,
                      const eval_settings *s, failure *f)
{
    const char *name = commands[command].name;
    if (files != commands[command].files) {
        return bad_usage(f, "%s: wanted %s, got %d files", name,
                         commands[command].operands, files);
    }
    unsigned allowed = commands[command].options | EVERYWHERE;
    for (int i = 0; i < OPT_COUNT; i++) {
        if (seen[i] != 0 && (allowed & BIT(i)) == 0) {
            return bad_usage(f, "%s: takes no option '%s%s'; see --help", name,
                             options[i].name[0] == '-' ? "" : "--",
                             options[i].name);
        }
    }
    return commands[command].run != eval_ref || s->output != NULL ||
           bad_usage(f, "ref: wanted -o STATS.npz; see --help");
}

static bool parse(eval_settings *s, size_t *command, int argc, char **argv,
                  failure *f)
{
    char seen[ARGS_MAX_OPTIONS];
    args a = args_begin(argc, argv, options, OPT_COUNT, seen);
    int option, files = -1; /* -1: no command yet */
    while ((option = args_next(&a, f)) >= 0) {
        bool good = true;
        if (option != ARGS_OPERAND) {
            good = parse_option(option, &a, s, f);
        } else if (files < 0) {
            good = find_command(a.value, command, f);
            files = 0;
        } else if (files++ < EVAL_FILES_MAX) {
            s->files[files - 1] = a.value;
        }
        if (!good) {
            return false;
        }
    }
    if (option == ARGS_BAD || s->help || s->version) {
        return option != ARGS_BAD;
    }
    return files < 0 ? bad_usage(f, "wanted a command; see --help")
                     : check_use(*command, files, seen, s, f);
}

static void print_help(void)
{
    static const char head[] =
        "cedm-eval COMMAND FILE... [options]: measures images by features\n"
        "(.npy, a row per image) or statistics of them (.npz, mu and sigma)\n";
    char text[1024];
    size_t used = (size_t)snprintf(text, sizeof text, "%s", head);
    for (size_t i = 0; i < COMMANDS; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 "\n    cedm-eval %s %s", commands[i].name,
                                 commands[i].operands);
    }
    args_help(text, options, OPT_COUNT);
}

/* ---- running ------------------------------------------------------------ */

bool eval_result(eval_run *run, const char *name, double value, failure *f)
{
    if (!isfinite(value)) {
        return failed(f, "%s is not finite; wanted features of moderate "
                         "size, got %g", name, value);
    }
    cJSON *number = exact_number(value);
    if (number == NULL ||
        !cJSON_AddItemToObject(run->results, name, number)) {
        cJSON_Delete(number);
        return failed(f, "out of memory for results");
    }
    return true;
}

static bool print_results(const eval_run *run, failure *f)
{
    if (!run->settings->json) {
        const cJSON *number;
        cJSON_ArrayForEach(number, run->results) {
            printf("%s %s\n", number->string, number->valuestring);
        }
        return true;
    }
    char *text = cJSON_PrintUnformatted(run->results);
    bool good = text != NULL || failed(f, "out of memory for results");
    if (good) {
        puts(text);
    }
    free(text);
    return good;
}

static bool go(const eval_settings *s, size_t command, failure *f)
{
    long found = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t processors = found > 0 && found <= 1024 ? (uint32_t)found : 1;
    uint32_t threads = s->threads > 0 ? (uint32_t)s->threads : processors;
    pool *p = pool_open(threads, processors, f);
    if (p == NULL) {
        return false;
    }
    eval_run run = {s, {pool_for, p, threads}, cJSON_CreateObject()};
    bool good = (run.results != NULL || failed(f, "out of memory")) &&
                commands[command].run(&run, f) && print_results(&run, f);
    cJSON_Delete(run.results);
    pool_close(p);
    return good;
}

int main(int argc, char **argv)
{
    eval_settings s = {.subsets = 100, .subset_size = 1000, .neighbours = 5,
                       .splits = 10};
    failure f = FAILURE_UNSAID;
    size_t command = 0;
    bool good = parse(&s, &command, argc, argv, &f);
    if (good && s.help) {
        print_help();
    } else if (good && s.version) {
        puts("cedm-eval " CEDM_VERSION);
    } else if (good) {
        eval_blas_begin(argv);
        good = go(&s, command, &f);
    }
    good = good && output_standard(&f);
    return good ? EXIT_DONE : failure_report("cedm-eval", &f);
}
