/* SPDX-License-Identifier: MIT
 *
 * cedm-info.c - describes a checkpoint, a blob or a frozen model. */
#include <stdio.h>

#include "host/cli/args.h"
#include "host/files/output.h"
#include "tools/info/info_print.h"

enum { OPT_JSON, OPT_VERSION, OPT_HELP, OPT_COUNT };

static const host_args_option options[OPT_COUNT] = {
    {"json", NULL, "print JSON"},
    {"version", NULL, "print the version"},
    {"help", NULL, "print this text"},
};

typedef struct settings {
    const char *path;
    bool json, version, help;
} settings;

static bool parse(settings *s, int argc, char **argv, host_failure *f)
{
    char seen[HOST_ARGS_MAX_OPTIONS];
    host_args a = host_args_begin(argc, argv, options, OPT_COUNT, seen);
    int option;
    while ((option = host_args_next(&a, f)) >= 0) {
        switch (option) {
        case OPT_JSON: s->json = true; break;
        case OPT_VERSION: s->version = true; break;
        case OPT_HELP: s->help = true; break;
        default:
            if (s->path != NULL) {
                return host_bad_usage(f, "unexpected '%s'; wanted one file",
                                      a.value);
            }
            s->path = a.value;
        }
    }
    if (option == HOST_ARGS_BAD || s->help || s->version) {
        return option != HOST_ARGS_BAD;
    }
    return s->path != NULL || host_bad_usage(f, "wanted FILE; see --help");
}

static bool go(const settings *s, host_failure *f)
{
    info_file i;
    bool good = info_describe(&i, s->path, f);
    if (good && s->json) {
        info_print_json(&i);
    } else if (good) {
        info_print_text(&i);
    }
    info_free(&i);
    return good;
}

int main(int argc, char **argv)
{
    settings s = {NULL, false, false, false};
    host_failure f = HOST_FAILURE_UNSAID;
    bool good = parse(&s, argc, argv, &f);
    if (good && s.help) {
        host_args_help(
            "cedm-info FILE: describes a checkpoint (.pkl, .pt or "
            ".safetensors), a blob (.cedm) or a frozen model (.so)",
            options, OPT_COUNT);
    } else if (good && s.version) {
        puts("cedm-info " CEDM_VERSION);
    } else if (good) {
        good = go(&s, &f);
    }
    good = good && host_output_standard(&f);
    return good ? HOST_EXIT_DONE : host_failure_report("cedm-info", &f);
}
