/* SPDX-License-Identifier: MIT
 *
 * sampler_params.h - sampler parameters as words and as JSON. */
#ifndef CEDM_HOST_EXECUTION_SAMPLER_PARAMS_H
#define CEDM_HOST_EXECUTION_SAMPLER_PARAMS_H

#include <cjson/cJSON.h>

#include "cedm.h"
#include "host/cli/failure.h"

/* Members of cedm_sampler_params that are choices; X(member, LIST).  Their
 * type is enum cedm_<member>. */
#define HOST_SAMPLER_CHOICE_LIST(X)                                          \
    X(solver, CEDM_SOLVER_LIST)                                              \
    X(discretization, CEDM_DISCRETIZATION_LIST)                              \
    X(schedule, CEDM_SCHEDULE_LIST)                                          \
    X(scaling, CEDM_SCALING_LIST)                                            \
    X(churn_draws, CEDM_CHURN_DRAWS_LIST)

enum host_sampler_choice {
#define HOST_SAMPLER_CHOICE_ENUM(member, LIST) HOST_SAMPLER_##member,
    HOST_SAMPLER_CHOICE_LIST(HOST_SAMPLER_CHOICE_ENUM)
#undef HOST_SAMPLER_CHOICE_ENUM
        HOST_SAMPLER_CHOICES
};

/* The words of a choice in the order of its enum, NULL-terminated. */
const char *const *host_sampler_words(enum host_sampler_choice choice);

/* Passes of the network that step i takes for an image, two for an evaluation
 * where guidance counts, at its levels without churn; and those of a run, from
 * step `start` on. */
double host_sampler_step_evaluations(const cedm_sampler_params *params,
                                     uint32_t i);
double host_sampler_evaluations(const cedm_sampler_params *params);

/* How many levels a list of these parameters has, by steps and solver. */
uint32_t host_sampler_level_count(const cedm_sampler_params *params);

/* Sets the steps that a list of levels makes with the solver; 0 if it is too
 * short for one. */
void host_sampler_set_level_count(cedm_sampler_params *params,
                                  uint32_t count);

/* The levels of a JSON object's list, to be freed, and their number; NULL if
 * it has none, or what is there is no list of numbers. */
double *host_sampler_levels_from_json(const cJSON *sampler, uint32_t *count);

/* Members of a JSON object replace those of `params`; null is infinity.
 * Fails, in a line that begins with `label`, where it is no object, or a
 * member is unknown or has a value of another kind: what another version
 * means by it would be drawn otherwise without a word.  The word `list` needs
 * a list in `params`. */
bool host_sampler_from_json(const cJSON *sampler, cedm_sampler_params *params,
                            const char *label, host_failure *f);

/* The other way; to be deleted. */
cJSON *host_sampler_to_json(const cedm_sampler_params *params);

#endif
