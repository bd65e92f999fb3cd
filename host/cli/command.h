/* SPDX-License-Identifier: MIT
 *
 * command.h - the command line of a program as a whole. */
#ifndef CEDM_HOST_CLI_COMMAND_H
#define CEDM_HOST_CLI_COMMAND_H

#include "host/cli/args.h"

typedef struct host_command {
    const char *name;  /* cedm-info */
    const char *usage; /* of the first line of the help, behind the name */
    const host_args_option *options; /* without --version and --help */
    size_t count;                    /* at most HOST_COMMAND_MAX_OPTIONS */
    /* Takes an option, by its index, or an operand, HOST_ARGS_OPERAND. */
    bool (*take)(void *settings, int option, const host_args *a,
                 host_failure *f);
} host_command;

#define HOST_COMMAND_MAX_OPTIONS (HOST_ARGS_MAX_OPTIONS - 2)

typedef enum host_asked {
    HOST_ASKED_RUN,
    HOST_ASKED_SHOWN, /* help or version, and it was printed */
    HOST_ASKED_BAD
} host_asked;

/* Walks over all arguments.  --help and --version print when the whole line
 * was understood; what other options need of each other is up to the caller,
 * for HOST_ASKED_RUN. */
host_asked host_command_parse(const host_command *command, int argc,
                              char **argv, void *settings, host_failure *f);

#endif
