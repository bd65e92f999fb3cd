/* SPDX-License-Identifier: MIT
 *
 * gen_options.h - the command line of cedm-gen. */
#ifndef CEDM_TOOLS_GEN_GEN_OPTIONS_H
#define CEDM_TOOLS_GEN_GEN_OPTIONS_H

#include "host/cli/command.h"
#include "host/execution/device.h"
#include "host/cli/progress.h"
#include "host/cli/shard.h"
#include "tools/gen/gen_sink.h"

/* Members of cedm_sampler_params that are numbers; X(option, member, low,
 * high). */
#define GEN_SAMPLER_LIST(X)                                                  \
    X("sigma-min", sigma_min, 1e-9, 1e9)                                     \
    X("sigma-max", sigma_max, 1e-9, 1e9)                                     \
    X("rho", rho, -1000, 1000)                                               \
    X("S-churn", S_churn, 0, 1e9)                                            \
    X("S-min", S_min, 0, (double)INFINITY)                                   \
    X("S-max", S_max, 0, (double)INFINITY)                                   \
    X("S-noise", S_noise, 0, 1000)                                           \
    X("guidance", guidance, -1000, 1000)

enum gen_sampler {
#define GEN_SAMPLER_ENUM(option, member, low, high) GEN_##member,
    GEN_SAMPLER_LIST(GEN_SAMPLER_ENUM)
#undef GEN_SAMPLER_ENUM
        GEN_SAMPLER_COUNT
};

typedef struct gen_options {
    const char *model, *clusters, *ids, *freq, *isa, *out, *from;
    const char *seeds_text; /* as given, for the name of the output */
    host_args_list seeds;
    uint64_t steps;                    /* 0: the model's */
    double sampler[GEN_SAMPLER_COUNT]; /* NaN: the model's */
    int choice[HOST_SAMPLER_CHOICES];  /* -1: the model's */
    uint64_t batch, threads;           /* 0: automatic */
    host_device_choice device;
    int precision; /* or HOST_PRECISION_AUTO */
    host_shard shard;
    int format, progress;
    bool separate, force;
    uint64_t columns, rows; /* 0: automatic */
    bool json, bench;
} gen_options;

/* Free them whatever was asked. */
host_asked gen_options_parse(gen_options *o, int argc, char **argv,
                             host_failure *f);
void gen_options_free(gen_options *o);

/* The model's parameters with those of the command line over them. */
bool gen_options_sampler(const gen_options *o, cedm_sampler_params *params,
                         host_failure *f);

#endif
