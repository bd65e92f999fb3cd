/* SPDX-License-Identifier: MIT
 *
 * gen_sampler.h - the sampler's options of cedm-gen. */
#ifndef CEDM_TOOLS_GEN_GEN_SAMPLER_H
#define CEDM_TOOLS_GEN_GEN_SAMPLER_H

#include <math.h>
#include <stdio.h>

#include "host/cli/args.h"
#include "host/execution/sampler_params.h"

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

enum gen_sampler_number {
#define GEN_SAMPLER_ENUM(option, member, low, high) GEN_##member,
    GEN_SAMPLER_LIST(GEN_SAMPLER_ENUM)
#undef GEN_SAMPLER_ENUM
        GEN_SAMPLER_COUNT
};

typedef struct gen_sampler {
    uint64_t nfe, steps, order;       /* 0: the model's */
    double number[GEN_SAMPLER_COUNT]; /* NaN: the model's */
    int choice[HOST_SAMPLER_CHOICES]; /* -1: the model's */
    double *sigmas;                   /* NULL: no list */
    uint32_t sigma_count;
    double interval[2]; /* of guidance; NaN: the model's */
    double strength;    /* NaN: not given */
    bool repeats;       /* for solvers that go with --resample */
} gen_sampler;

/* Nothing given. */
gen_sampler gen_sampler_none(void);
void gen_sampler_free(gen_sampler *s);

/* The value of an option: one of GEN_SAMPLER_LIST, a word, --sigmas. */
bool gen_sampler_number_option(gen_sampler *s, const host_args *a,
                               host_failure *f);
bool gen_sampler_word_option(gen_sampler *s, const host_args *a,
                             enum host_sampler_choice choice,
                             host_failure *f);
bool gen_sampler_sigmas_option(gen_sampler *s, const host_args *a,
                               host_failure *f);
bool gen_sampler_interval_option(gen_sampler *s, const host_args *a,
                                 host_failure *f);

/* Puts what was given over the parameters, those of a model or a record, and
 * checks what the model's range and the solver have to say.  A list stays
 * `s`'s. */
bool gen_sampler_apply(const gen_sampler *s, const cedm_denoiser *denoiser,
                       cedm_sampler_params *params, host_failure *f);

/* Leaves out the steps that --strength, or `otherwise` without it, does not
 * take of a run that begins at pictures: of N steps it takes the last
 * strength * N, rounded, one at least. */
void gen_sampler_set_strength(const gen_sampler *s, double otherwise,
                              cedm_sampler_params *params);

/* Says what --nfe picked, if it was given. */
void gen_sampler_say(const gen_sampler *s, const cedm_sampler_params *params,
                     FILE *out);

#endif
