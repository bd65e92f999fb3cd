/* SPDX-License-Identifier: MIT
 *
 * gen_options.h - the command line of cedm-gen. */
#ifndef CEDM_TOOLS_GEN_GEN_OPTIONS_H
#define CEDM_TOOLS_GEN_GEN_OPTIONS_H

#include "host/cli/command.h"
#include "host/execution/device.h"
#include "host/cli/progress.h"
#include "host/cli/shard.h"
#include "tools/gen/gen_like.h"
#include "tools/gen/gen_sampler.h"
#include "tools/gen/gen_sink.h"

typedef struct gen_options {
    const char *model, *clusters, *ids, *freq, *isa, *out, *from;
    const char *guide, *init, *mask, *mix; /* as given, or NULL */
    gen_like like;                         /* pictures NULL: not given */
    uint64_t resample, preview;            /* 0: not given */
    const char *seeds_text; /* as given, for the name of the output */
    host_args_list seeds;
    bool counted; /* by --n or --seeds */
    gen_sampler sampler;
    uint64_t batch, threads; /* 0: automatic */
    host_device_choice device;
    int precision; /* or HOST_PRECISION_AUTO */
    host_shard shard;
    int format, progress;
    bool separate, force;
    uint64_t columns, rows; /* 0: automatic */
    bool json, bench, fit;
} gen_options;

/* Free them whatever was asked. */
host_asked gen_options_parse(gen_options *o, int argc, char **argv,
                             host_failure *f);
void gen_options_free(gen_options *o);

/* Refuses options that do not go together.  counted: by --n or --seed. */
bool gen_options_check(const gen_options *o, bool counted, host_failure *f);

#endif
