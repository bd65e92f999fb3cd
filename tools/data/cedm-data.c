/* SPDX-License-Identifier: MIT
 *
 * cedm-data.c - makes a data set of photographs. */
#define _GNU_SOURCE /* sched_getaffinity */
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cedm.h"
#include "tools/args.h"
#include "tools/data/data_build.h"
#include "tools/output.h"

enum {
    OPT_OUT, OPT_RESOLUTION, OPT_FIT, OPT_LABELS, OPT_THREADS, OPT_PROGRESS,
    OPT_JSON, OPT_VERSION, OPT_HELP, OPT_COUNT
};

static const args_option options[OPT_COUNT] = {
    {"-o", "OUT.zip", "the data set to write"},
    {"resolution", "R", "pixels of a side, a power of two [the images' own]"},
    {"fit", "WAY", "crop, stretch or pad to a square [crop]"},
    {"labels", "L", "a file of classes, folders or none [what SRC has]"},
    {"threads", "T", "threads; changes no image [processors]"},
    {"progress", "P", "auto, bar, json or none [auto]"},
    {"json", NULL, "print one JSON object"},
    {"version", NULL, "print the version"},
    {"help", NULL, "print this text"},
};

#define MOST_THREADS 1024u
#define MOST_RESOLUTION 4096u

typedef struct settings {
    const char *source, *labels;
    data_options build;
    bool json, version, help;
} settings;

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

static void catch_signals(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    action.sa_flags = (int)SA_RESETHAND; /* a second Ctrl-C ends at once */
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

/* ---- options ----------------------------------------------------------- */

static bool parse_resolution(const args *a, settings *s, failure *f)
{
    uint64_t value;

    if (!args_u64(a, 1, MOST_RESOLUTION, &value, f)) {
        return false;
    }
    s->build.resolution = (uint32_t)value;
    return (value & (value - 1)) == 0 ||
           bad_usage(f, "--resolution: wanted a power of two, as EDM's data "
                        "sets have, got %s", a->value);
}

static bool parse_fit(const args *a, settings *s, failure *f)
{
    static const char *const words[] = {"crop", "stretch", "pad", NULL};
    static const host_fit fits[] = {HOST_FIT_CROP, HOST_FIT_STRETCH,
                                    HOST_FIT_PAD};
    int word;

    if (!args_word(a, words, &word, f)) {
        return false;
    }
    s->build.fit = fits[word];
    return true;
}

static bool parse_progress(const args *a, settings *s, failure *f)
{
    static const char *const words[] = {"auto", "bar", "json", "none", NULL};
    int word;

    if (!args_word(a, words, &word, f)) {
        return false;
    }
    s->build.progress = (progress_kind)word;
    return true;
}

static bool parse_threads(const args *a, settings *s, failure *f)
{
    uint64_t value;

    if (!args_u64(a, 1, MOST_THREADS, &value, f)) {
        return false;
    }
    s->build.threads = (uint32_t)value;
    return true;
}

static bool parse_source(const args *a, settings *s, failure *f)
{
    if (s->source != NULL) {
        return bad_usage(f, "unexpected '%s': the source is %s already; see "
                            "--help", a->value, s->source);
    }
    s->source = a->value;
    return true;
}

static bool parse_option(int option, const args *a, settings *s, failure *f)
{
    switch (option) {
    case OPT_OUT: s->build.out = a->value; return true;
    case OPT_RESOLUTION: return parse_resolution(a, s, f);
    case OPT_FIT: return parse_fit(a, s, f);
    case OPT_LABELS: s->labels = a->value; return true;
    case OPT_THREADS: return parse_threads(a, s, f);
    case OPT_PROGRESS: return parse_progress(a, s, f);
    case OPT_JSON: s->json = true; return true;
    case OPT_VERSION: s->version = true; return true;
    case OPT_HELP: s->help = true; return true;
    default: return parse_source(a, s, f);
    }
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
    return (s->source != NULL && s->build.out != NULL) ||
           bad_usage(f, "wanted a folder or zip file of images and -o OUT.zip; "
                        "see --help");
}

/* ---- results ----------------------------------------------------------- */

/* One value a line, or the members of an object. */
static void print_number(const settings *s, const char *name, uint64_t value)
{
    bool first = strcmp(name, "images") == 0;

    if (s->json) {
        printf("%s\"%s\": %" PRIu64, first ? "{" : ", ", name, value);
    } else {
        printf("%s %" PRIu64 "\n", name, value);
    }
}

static size_t count_classes(const data_labels *l)
{
    uint32_t most = 0;

    for (size_t i = 0; l->of_image != NULL && i < l->images; i++) {
        most = l->of_image[i] >= most ? l->of_image[i] + 1 : most;
    }
    return most;
}

static void print_results(const settings *s, const data_results *r,
                          const data_labels *labels,
                          const host_collection *source)
{
    const host_squares_counts *counts = &r->counts;
    const host_left_out *l = &source->left_out;
    char text[512];

    if (host_collection_left_out(source, text, sizeof text)) {
        fprintf(stderr, "cedm-data: %s: left out: %s\n", source->path, text);
    }
    print_number(s, "images", r->images);
    print_number(s, "size", r->size);
    print_number(s, "channels", r->channels);
    print_number(s, "classes", count_classes(labels));
    print_number(s, "resized", counts->fit.resized);
    print_number(s, "enlarged", counts->fit.enlarged);
    print_number(s, "bordered", counts->fit.bordered);
    print_number(s, "grey_to_rgb", counts->coloured);
    print_number(s, "alpha_dropped", counts->flattened);
    print_number(s, "labels_unused", labels->spare);
    print_number(s, "files_left_out",
                 l->hidden + l->unwanted + l->replaced + l->broken);
    if (s->json) {
        puts("}");
    }
}

/* ---- the run ----------------------------------------------------------- */

static bool is_wanted(const char *name)
{
    return host_image_is_name(name) || strcmp(name, DATA_LABELS_JSON) == 0;
}

/* Processors that this process may use. */
static uint32_t processors(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;

    return n > (int)MOST_THREADS ? MOST_THREADS : (uint32_t)n;
}

static bool run_build(settings *s, host_collection *source, failure *f)
{
    data_labels labels = {0};
    data_results results;
    bool good = data_labels_open(&labels, source, s->labels, f) &&
                data_build(source, &labels, &s->build, &results, f);

    if (good) {
        print_results(s, &results, &labels, source);
    }
    data_labels_close(&labels);
    return good;
}

static bool refuse_empty(const host_collection *source, failure *f)
{
    char text[512];
    bool some = host_collection_left_out(source, text, sizeof text);

    return failed(f, "%s: no images in it; wanted PNG, JPEG, WebP, BMP or GIF "
                     "files%s%s", source->path, some ? ", got " : "", text);
}

static bool run(settings *s, failure *f)
{
    host_collection source;
    bool good;

    if (!host_collection_open(&source, s->source, is_wanted, f)) {
        return false;
    }
    if (data_image_count(&source) == 0) {
        (void)refuse_empty(&source, f);
        host_collection_close(&source);
        return false;
    }
    s->build.interrupted = &interrupted;
    s->build.threads = s->build.threads > 0 ? s->build.threads : processors();
    s->build.pool = pool_open(s->build.threads, processors(), f);
    good = s->build.pool != NULL && run_build(s, &source, f);
    pool_close(s->build.pool);
    host_collection_close(&source);
    return good;
}

int main(int argc, char **argv)
{
    settings s = {.build = {.fit = HOST_FIT_CROP}};
    failure f = FAILURE_UNSAID;
    bool good = parse(&s, argc, argv, &f);

    if (good && s.help) {
        args_help("cedm-data SRC -o OUT.zip [options]: makes a data set of a "
                  "folder or zip file of images", options, OPT_COUNT);
    } else if (good && s.version) {
        puts("cedm-data " CEDM_VERSION);
    } else if (good) {
        catch_signals();
        good = run(&s, &f);
    }
    good = good && output_standard(&f);
    return good ? EXIT_DONE : failure_report("cedm-data", &f);
}
