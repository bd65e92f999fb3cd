/* SPDX-License-Identifier: MIT
 *
 * gen_job.h - which images to draw, and the JSON record that redraws them. */
#ifndef CEDM_TOOLS_GEN_GEN_JOB_H
#define CEDM_TOOLS_GEN_GEN_JOB_H

#include "host/cli/args.h"
#include "host/execution/model.h"
#include "tools/gen/gen_conditions.h"

typedef enum gen_job_clusters {
    GEN_JOB_LIST,   /* image i takes cluster LIST[i mod length] */
    GEN_JOB_ALL,    /* the seeds once per cluster */
    GEN_JOB_RANDOM, /* drawn by each seed */
    GEN_JOB_NONE,   /* the all-zero label */
    GEN_JOB_MIX,    /* rows from one cluster to another, of two seeds each */
    GEN_JOB_GIVEN   /* one per image, from a record */
} gen_job_clusters;

typedef struct gen_job {
    const cedm_model *code;
    host_args_list seeds;
    gen_job_clusters mode;
    host_args_list list;    /* GEN_JOB_LIST */
    int32_t *given;         /* GEN_JOB_GIVEN */
    const double *freq;     /* GEN_JOB_RANDOM: images per cluster, or NULL */
    uint64_t first;         /* where they begin in the lists */
    uint64_t count;         /* images to draw */
    uint64_t whole;         /* images in all: more if this is a part */
    uint64_t columns, rows; /* of a grid, as the record has it; 0: none */
    int precision;          /* of a record: enum cedm_cuda_precision */
    bool pairs;             /* a record's products were of bfloat16 */
    bool by_cluster;        /* seeds repeat, pairs with clusters do not */
    cedm_sampler_params params;
    double *sigmas; /* a record's list of levels, or NULL */
    gen_conditions conditions;
} gen_job;

/* Reads `all`, `random`, `none` or a list; NULL is random, or none for an
 * unconditional model. */
bool gen_job_set_clusters(gen_job *j, const char *text, host_failure *f);

/* Reads A:B:STEPS: a row of so many images for each two seeds. */
bool gen_job_set_mix(gen_job *j, const char *text, host_failure *f);

/* Sets count and whole from seeds and clusters; fails beyond 64 bits, and for a
 * mix where a seed has no second. */
bool gen_job_count(gen_job *j, host_failure *f);

/* Leaves images first .. first + count - 1 of those there were. */
void gen_job_keep(gen_job *j, uint64_t first, uint64_t count);

uint64_t gen_job_seed(const gen_job *j, uint64_t i);
int32_t gen_job_cluster(const gen_job *j, uint64_t i);

/* Where image i goes; its share is 0 if that is nowhere. */
gen_way gen_job_way(const gen_job *j, uint64_t i);

/* Evaluations of the network that an image takes, rounds of a mask included. */
double gen_job_evaluations(const gen_job *j);

/* The record of images first .. first + n - 1; to be freed, NULL when out of
 * memory.  columns and rows are 0 for a single image. */
typedef struct gen_job_machine {
    const char *isa, *precision;
    uint32_t batch; /* 0: changes no image, and is left out */
} gen_job_machine;

char *gen_job_record(const gen_job *j, const host_model *m,
                     const gen_job_machine *machine, uint64_t first,
                     uint64_t n, uint64_t columns, uint64_t rows);

/* Fills a job from a record that a PNG carried.  A record of another model
 * is refused, and so is one that says more than this version knows. */
bool gen_job_from_record(gen_job *j, const host_model *m, const char *path,
                         const char *record, host_failure *f);

void gen_job_free(gen_job *j);

#endif
