/* SPDX-License-Identifier: MIT
 *
 * cedm-data.c - makes a data set of photographs. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host/cli/command.h"
#include "host/cli/signals.h"
#include "host/execution/processors.h"
#include "host/files/output.h"
#include "host/files/spared.h"
#include "tools/data/data_build.h"

enum {
    OPT_OUT,
    OPT_RESOLUTION,
    OPT_FIT,
    OPT_LABELS,
    OPT_THREADS,
    OPT_PROGRESS,
    OPT_JSON,
    OPT_COUNT
};

static const host_args_option options[OPT_COUNT] = {
    {"-o", "OUT.zip", "the data set to write"},
    {"resolution", "R", "pixels of a side, a power of two [the images' own]"},
    {"fit", "WAY", "crop, stretch or pad to a square [crop]"},
    {"labels", "L", "a file of classes, folders or none [what SRC has]"},
    {"threads", "T", "threads; changes no image [processors]"},
    {"progress", "P", "auto, bar, json or none [auto]"},
    {"json", NULL, "print one JSON object"},
};

#define MOST_RESOLUTION 4096u

typedef struct settings {
    const char *source, *labels;
    data_options build;
    bool json;
} settings;

static volatile sig_atomic_t interrupted;

/* ---- options ----------------------------------------------------------- */

static bool parse_resolution(const host_args *a, settings *s, host_failure *f)
{
    uint64_t value;

    if (!host_args_u64(a, 1, MOST_RESOLUTION, &value, f)) {
        return false;
    }
    s->build.resolution = (uint32_t)value;
    return (value & (value - 1)) == 0 ||
           host_bad_usage(
               f,
               "--resolution: wanted a power of two, as EDM's data "
               "sets have, got %s",
               a->value);
}

static bool parse_fit(const host_args *a, settings *s, host_failure *f)
{
    static const char *const words[] = {"crop", "stretch", "pad", NULL};
    static const host_fit fits[] = {HOST_FIT_CROP, HOST_FIT_STRETCH,
                                    HOST_FIT_PAD};
    int word;

    if (!host_args_word(a, words, &word, f)) {
        return false;
    }
    s->build.fit = fits[word];
    return true;
}

static bool parse_progress(const host_args *a, settings *s, host_failure *f)
{
    static const char *const words[] = {"auto", "bar", "json", "none", NULL};
    int word;

    if (!host_args_word(a, words, &word, f)) {
        return false;
    }
    s->build.progress = (host_progress_kind)word;
    return true;
}

static bool parse_threads(const host_args *a, settings *s, host_failure *f)
{
    uint64_t value;

    if (!host_args_u64(a, 1, HOST_MAX_THREADS, &value, f)) {
        return false;
    }
    s->build.threads = (uint32_t)value;
    return true;
}

static bool parse_source(const host_args *a, settings *s, host_failure *f)
{
    if (s->source != NULL) {
        return host_bad_usage(
            f,
            "unexpected '%s': the source is %s already; see "
            "--help",
            a->value, s->source);
    }
    s->source = a->value;
    return true;
}

static bool take(void *to, int option, const host_args *a, host_failure *f)
{
    settings *s = to;

    switch (option) {
    case OPT_OUT: s->build.out = a->value; return true;
    case OPT_RESOLUTION: return parse_resolution(a, s, f);
    case OPT_FIT: return parse_fit(a, s, f);
    case OPT_LABELS: s->labels = a->value; return true;
    case OPT_THREADS: return parse_threads(a, s, f);
    case OPT_PROGRESS: return parse_progress(a, s, f);
    case OPT_JSON: s->json = true; return true;
    default: return parse_source(a, s, f);
    }
}

static const host_command command = {
    "cedm-data",
    "SRC -o OUT.zip [options]: makes a data set of a folder or zip file of "
    "images",
    options, OPT_COUNT, take};

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

static bool run_build(settings *s, host_collection *source, host_failure *f)
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

static bool refuse_empty(const host_collection *source, host_failure *f)
{
    char text[512];
    bool some = host_collection_left_out(source, text, sizeof text);

    return host_fail(
        f,
        "%s: no images in it; wanted PNG, JPEG, WebP, BMP or GIF "
        "files%s%s",
        source->path, some ? ", got " : "", text);
}

static bool go(settings *s, host_failure *f)
{
    uint32_t processors = host_processors();
    host_collection source;
    bool good;

    if (s->source == NULL || s->build.out == NULL) {
        return host_bad_usage(f, "wanted a folder or zip file of images and "
                                 "-o OUT.zip; see --help");
    }
    const char *const inputs[] = {s->source, s->labels};
    if (!host_spared(s->build.out, inputs, 2, f) ||
        !host_collection_open(&source, s->source, is_wanted, f)) {
        return false;
    }
    if (data_image_count(&source) == 0) {
        (void)refuse_empty(&source, f);
        host_collection_close(&source);
        return false;
    }
    s->build.interrupted = &interrupted;
    s->build.threads = s->build.threads > 0 ? s->build.threads : processors;
    s->build.pool = host_pool_open(s->build.threads, processors, f);
    good = s->build.pool != NULL && run_build(s, &source, f);
    host_pool_close(s->build.pool);
    host_collection_close(&source);
    return good;
}

int main(int argc, char **argv)
{
    settings s = {.build = {.fit = HOST_FIT_CROP}};
    host_failure f = HOST_FAILURE_UNSAID;
    host_signals_begin(command.name);
    host_asked asked = host_command_parse(&command, argc, argv, &s, &f);
    bool good = asked == HOST_ASKED_SHOWN;

    if (asked == HOST_ASKED_RUN) {
        host_signals_catch(&interrupted);
        good = go(&s, &f);
    }
    good = good && host_output_standard(&f);
    return good ? HOST_EXIT_DONE : host_failure_report(command.name, &f);
}
