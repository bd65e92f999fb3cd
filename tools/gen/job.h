/* SPDX-License-Identifier: MIT
 *
 * job.h - which images to draw, and the JSON record that redraws them. */
#ifndef CEDM_TOOLS_JOB_H
#define CEDM_TOOLS_JOB_H

#include "host/cli/args.h"
#include "host/execution/model.h"

typedef enum job_clusters {
    JOB_LIST,   /* image i takes cluster LIST[i mod length] */
    JOB_ALL,    /* the seeds once per cluster */
    JOB_RANDOM, /* drawn by each seed */
    JOB_NONE,   /* the all-zero label */
    JOB_GIVEN   /* one per image, from a record */
} job_clusters;

typedef struct job {
    const cedm_model *code;
    args_list seeds;
    job_clusters mode;
    args_list list;      /* JOB_LIST */
    int32_t *given;      /* JOB_GIVEN */
    const double *freq;  /* JOB_RANDOM: images per cluster, or NULL */
    uint64_t first;      /* where they begin in the lists */
    uint64_t count;      /* images to draw */
    uint64_t whole;      /* images in all: more if this is a part */
    uint64_t columns;    /* of a grid, as the record has it; 0: none */
    cedm_sampler_params params;
} job;

/* Reads `all`, `random`, `none` or a list; NULL is random, or none for an
 * unconditional model. */
bool job_set_clusters(job *j, const char *text, failure *f);

/* Sets count and whole from seeds and clusters; fails beyond 64 bits. */
bool job_count(job *j, failure *f);

/* Leaves images first .. first + count - 1 of those there were. */
void job_keep(job *j, uint64_t first, uint64_t count);

uint64_t job_seed(const job *j, uint64_t i);
int32_t job_cluster(const job *j, uint64_t i);

/* The record of images first .. first + n - 1; to be freed, NULL when out of
 * memory.  columns is 0 for a single image. */
typedef struct job_machine {
    const char *isa, *precision;
    uint32_t batch;
} job_machine;

char *job_record(const job *j, const model *m, const job_machine *machine,
                 uint64_t first, uint64_t n, uint64_t columns);

/* Fills a job from a record that a PNG carried.  A record of another model
 * is refused. */
bool job_from_record(job *j, const model *m, const char *path,
                     const char *record, failure *f);

void job_free(job *j);

#endif
