/* SPDX-License-Identifier: MIT
 *
 * cedm-info.c - describes a checkpoint, a blob or a frozen model. */
#include <stdio.h>

#include "host/cli/command.h"
#include "host/cli/signals.h"
#include "host/files/output.h"
#include "tools/info/info_print.h"

enum { OPT_JSON, OPT_COUNT };

static const host_args_option options[OPT_COUNT] = {
    {"json", NULL, "print JSON"},
};

typedef struct settings {
    const char *path;
    bool json;
} settings;

static bool take(void *to, int option, const host_args *a, host_failure *f)
{
    settings *s = to;
    if (option == OPT_JSON) {
        s->json = true;
        return true;
    }
    if (s->path != NULL) {
        return host_bad_usage(f, "unexpected '%s'; wanted one file",
                              a->value);
    }
    s->path = a->value;
    return true;
}

static const host_command command = {
    "cedm-info",
    "FILE: describes a checkpoint (.pkl, .pt or .safetensors), a blob "
    "(.cedm) or a frozen model (.so)",
    options, OPT_COUNT, take};

static bool go(const settings *s, host_failure *f)
{
    info_file i;
    if (s->path == NULL) {
        return host_bad_usage(f, "wanted FILE; see --help");
    }
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
    settings s = {NULL, false};
    host_failure f = HOST_FAILURE_UNSAID;
    host_signals_begin("cedm-info");
    host_asked asked = host_command_parse(&command, argc, argv, &s, &f);
    bool good =
        asked == HOST_ASKED_SHOWN || (asked == HOST_ASKED_RUN && go(&s, &f));
    good = good && host_output_standard(&f);
    return good ? HOST_EXIT_DONE : host_failure_report(command.name, &f);
}
