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
    X(scaling, CEDM_SCALING_LIST)

enum host_sampler_choice {
#define HOST_SAMPLER_CHOICE_ENUM(member, LIST) HOST_SAMPLER_##member,
    HOST_SAMPLER_CHOICE_LIST(HOST_SAMPLER_CHOICE_ENUM)
#undef HOST_SAMPLER_CHOICE_ENUM
        HOST_SAMPLER_CHOICES
};

/* The words of a choice in the order of its enum, NULL-terminated. */
const char *const *host_sampler_words(enum host_sampler_choice choice);

/* Evaluations of the network that a run takes for an image. */
double host_sampler_evaluations(const cedm_sampler_params *params);

/* Members of a JSON object replace those of `params`; null is infinity.
 * Fails, in a line that begins with `label`, where it is no object, or a
 * member is unknown or has a value of another kind: what another version
 * means by it would be drawn otherwise without a word. */
bool host_sampler_from_json(const cJSON *sampler, cedm_sampler_params *params,
                            const char *label, host_failure *f);

/* The other way; to be deleted. */
cJSON *host_sampler_to_json(const cedm_sampler_params *params);

#endif
