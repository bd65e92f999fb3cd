/* SPDX-License-Identifier: MIT
 *
 * embed_options.h - the command line of cedm-embed. */
#ifndef CEDM_TOOLS_EMBED_EMBED_OPTIONS_H
#define CEDM_TOOLS_EMBED_EMBED_OPTIONS_H

#include "host/cli/command.h"
#include "host/cli/progress.h"
#include "host/cli/shard.h"

typedef struct embed_options {
    const char *model, *data, *out, *module, *isa;
    double sigma;
    uint64_t pool, seed, batch, threads; /* threads 0: automatic */
    const char *denoiser_only; /* a given option that encoders have not */
    host_shard shard;
    int progress; /* host_progress_kind */
} embed_options;

host_asked embed_options_parse(embed_options *o, int argc, char **argv,
                               host_failure *f);

#endif
