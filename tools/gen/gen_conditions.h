/* SPDX-License-Identifier: MIT
 *
 * gen_conditions.h - what images are given beside seeds and clusters: a way to
 * others, pictures to begin at, a mask, a guide. */
#ifndef CEDM_TOOLS_GEN_GEN_CONDITIONS_H
#define CEDM_TOOLS_GEN_GEN_CONDITIONS_H

#include <cjson/cJSON.h>

#include "cedm.h"
#include "tools/gen/gen_pictures.h"

/* Where an image goes, and how far: 0..1. */
typedef struct gen_way {
    uint64_t seed;
    int32_t cluster;
    double share;
} gen_way;

/* Zeroed: none of it. */
typedef struct gen_conditions {
    uint32_t mix_steps;  /* images of a row of --mix; 0: none */
    int32_t mix_ends[2]; /* clusters */
    gen_way *ways;       /* of a record, [count], or NULL */
    gen_pictures init;   /* image i begins at number i modulo count, */
    size_t *picks;       /* or, of a record, at these [count] */
    uint64_t picked;     /* how many images the record has; 0: no record */
    gen_pictures mask;   /* one at most */
    uint32_t rounds;     /* of a mask; 0: as 1 */
    const char *guide;   /* data_sha256 of the model that guides, or NULL */
} gen_conditions;

/* Reads A:B:STEPS of --mix for a model of so many clusters. */
bool gen_conditions_set_mix(gen_conditions *c, const char *text,
                            uint32_t clusters, host_failure *f);

/* Whether a run needs more than seeds and clusters; if so, the first option
 * that says it. */
const char *gen_conditions_option(const gen_conditions *c);

/* Whether a state begins at pictures: with a mask only where steps are left
 * out, else what is drawn begins as noise alone. */
bool gen_conditions_begin_at_pictures(const gen_conditions *c,
                                      const cedm_sampler_params *params);

/* The picture of image `at` of all. */
size_t gen_conditions_picture(const gen_conditions *c, uint64_t at);

/* Adds to a checksum what decides. */
uint32_t gen_conditions_sum(const gen_conditions *c, uint32_t sum);

/* Adds to the record of n images, from number `at` of all on, what they are
 * given; ways are the job's to add. */
void gen_conditions_to_json(const gen_conditions *c, cJSON *record,
                            uint64_t at, uint64_t n);

/* Reads a record of n images; pictures, mask and guide are those that were
 * given with options, and must be those that it names. */
bool gen_conditions_from_json(gen_conditions *c, const cJSON *record,
                              uint64_t n, uint32_t clusters, const char *path,
                              host_failure *f);

void gen_conditions_free(gen_conditions *c);

#endif
