/* SPDX-License-Identifier: MIT
 *
 * cluster_options.h - the command line of cedm-cluster. */
#ifndef CEDM_TOOLS_CLUSTER_OPTIONS_H
#define CEDM_TOOLS_CLUSTER_OPTIONS_H

#include "tools/cluster/cluster_run.h"

typedef enum cluster_parsed {
    CLUSTER_PARSED_BAD,
    CLUSTER_PARSED_DONE, /* help or version was printed */
    CLUSTER_PARSED_RUN
} cluster_parsed;

cluster_parsed cluster_options_parse(cluster_settings *s,
                                     cluster_command **command, int argc,
                                     char **argv, host_failure *f);

#endif
