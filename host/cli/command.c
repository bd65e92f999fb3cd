/* SPDX-License-Identifier: MIT
 *
 * command.c - the walk over a command line, and the options that every
 * program has. */
#include "host/cli/command.h"

#include <stdio.h>
#include <string.h>

#include "cedm.h"

static const host_args_option own[2] = {
    {"version", NULL, "print the version"},
    {"help", NULL, "print this text"},
};

/* The command's options, then version and help; how many. */
static size_t all_options(const host_command *command,
                          host_args_option all[HOST_ARGS_MAX_OPTIONS])
{
    memcpy(all, command->options, command->count * sizeof *all);
    memcpy(all + command->count, own, sizeof own);
    return command->count + 2;
}

static void show(const host_command *command, bool help)
{
    host_args_option all[HOST_ARGS_MAX_OPTIONS];
    if (!help) {
        printf("%s %s\n", command->name, CEDM_VERSION);
        return;
    }
    printf("%s ", command->name);
    host_args_help(command->usage, all, all_options(command, all));
}

host_asked host_command_parse(const host_command *command, int argc,
                              char **argv, void *settings, host_failure *f)
{
    host_args_option all[HOST_ARGS_MAX_OPTIONS];
    char seen[HOST_ARGS_MAX_OPTIONS];
    int version = (int)command->count, help = version + 1, option;
    host_args a =
        host_args_begin(argc, argv, all, all_options(command, all), seen);
    while ((option = host_args_next(&a, f)) >= 0) {
        if (option != version && option != help &&
            !command->take(settings, option, &a, f)) {
            return HOST_ASKED_BAD;
        }
    }
    if (option == HOST_ARGS_BAD) {
        return HOST_ASKED_BAD;
    }
    if (seen[version] == 0 && seen[help] == 0) {
        return HOST_ASKED_RUN;
    }
    show(command, seen[help] != 0);
    return HOST_ASKED_SHOWN;
}
