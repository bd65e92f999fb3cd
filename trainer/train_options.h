/* SPDX-License-Identifier: MIT
 *
 * train_options.h - what cedm-train was asked to do. */
#ifndef CEDM_TRAINER_TRAIN_OPTIONS_H
#define CEDM_TRAINER_TRAIN_OPTIONS_H

#include <stdint.h>

#include "host/execution/device.h"

#define TRAIN_LIST_MAX 8u

typedef struct train_list {
    uint32_t values[TRAIN_LIST_MAX];
    uint32_t count;
} train_list;

/* The line that a run began with; argv[0] is NULL. */
typedef struct train_saved {
    int argc;
    char **argv;
} train_saved;

typedef struct train_options {
    const char *data, *clusters, *out, *transfer;
    /* the network */
    const char *arch; /* ddpmpp, ncsnpp or adm */
    uint32_t resolution, cbase, num_blocks;
    train_list cres, attn;
    /* the recipe */
    uint32_t batch, micro_batch;     /* 0: as much as memory allows */
    double duration, lr_rampup, ema; /* millions of images */
    double lr, dropout, augment, p_uncond;
    bool xflip;
    uint32_t seed;
    /* the run */
    uint32_t threads; /* 0: one for each processor */
    host_device_choice device;
    int precision; /* or HOST_PRECISION_AUTO */
    double tick;   /* thousands of images */
    uint32_t snap; /* ticks between snapshots */
    uint32_t keep; /* snapshots; 0: all */
    double save;   /* minutes until a state between ticks; 0: none */
    bool resume, dry_run;
    const char *eval;    /* what judges snapshots; NULL: nothing */
    uint32_t early_stop; /* judged snapshots without a better one; 0: any */
    bool posthoc_ema;    /* keep averages by power functions */
    double sigma_rel;    /* width of an average to make of them; 0: train */
    bool new_data;       /* resume with other images or ids */
    bool transfer_any;   /* however little of it fits */
    char *arguments;     /* JSON of what was given, for --resume */
    train_saved
        saved; /* private: the texts of options of a run that goes on */
} train_options;

typedef enum train_parsed {
    TRAIN_RUN,
    TRAIN_DONE, /* --help, --version */
    TRAIN_BAD
} train_parsed;

/* With --resume, options that are not given are those of options.json in the
 * folder of the run.  To be freed in any case. */
train_parsed train_options_parse(train_options *o, int argc, char **argv,
                                 host_failure *f);
void train_options_free(train_options *o);

/* The network's configuration as JSON (cedm.config), to be freed. */
char *train_options_config(const train_options *o, uint32_t resolution,
                           uint32_t channels, uint32_t label_dim);

/* All that the numbers of a run depend on, but for rounding to float, beside
 * the data and the network, as JSON, to be freed: two runs may follow each
 * other if it is the same. */
char *train_options_recipe(const train_options *o,
                           enum cedm_cuda_precision precision);

#endif
