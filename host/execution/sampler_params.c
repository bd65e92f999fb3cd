/* SPDX-License-Identifier: MIT
 *
 * sampler_params.c - sampler parameters as words and as JSON. */
#include "host/execution/sampler_params.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "host/files/json_number.h"

#define WORD(word) #word,
#define LIST_OF_WORDS(member, LIST)                                          \
    static const char *const member##_words[] = {LIST(WORD) NULL};
HOST_SAMPLER_CHOICE_LIST(LIST_OF_WORDS)
#undef LIST_OF_WORDS
#undef WORD

static const char *const *const words[HOST_SAMPLER_CHOICES] = {
#define ROW(member, LIST) member##_words,
    HOST_SAMPLER_CHOICE_LIST(ROW)
#undef ROW
};

const char *const *host_sampler_words(enum host_sampler_choice choice)
{
    return words[choice];
}

/* The last step is always an Euler step. */
double host_sampler_evaluations(const cedm_sampler_params *params)
{
    double steps = params->steps;
    bool guided = params->guidance < 0 || params->guidance > 0;
    bool heun = params->solver == CEDM_SOLVER_heun;
    return (heun ? 2 * steps - 1 : steps) * (guided ? 2 : 1);
}

static void read_default(const cJSON *sampler, const char *name,
                         double *value)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(sampler, name);
    if (cJSON_IsNumber(item)) {
        *value = item->valuedouble;
    } else if (cJSON_IsNull(item)) {
        *value = (double)INFINITY; /* JSON has none */
    }
}

/* Keeps the value where the word is missing or unknown. */
static int read_word(const cJSON *sampler, const char *name,
                     enum host_sampler_choice choice, int value)
{
    const char *const *list = words[choice];
    const char *text =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(sampler, name));
    for (int i = 0; text != NULL && list[i] != NULL; i++) {
        if (strcmp(list[i], text) == 0) {
            return i;
        }
    }
    return value;
}

void host_sampler_from_json(const cJSON *sampler, cedm_sampler_params *params)
{
    double steps = params->steps;
    read_default(sampler, "steps", &steps);
    if (steps >= 1 && steps <= UINT32_MAX) {
        params->steps = (uint32_t)steps;
    }
    read_default(sampler, "sigma_min", &params->sigma_min);
    read_default(sampler, "sigma_max", &params->sigma_max);
    read_default(sampler, "rho", &params->rho);
    read_default(sampler, "S_churn", &params->S_churn);
    read_default(sampler, "S_min", &params->S_min);
    read_default(sampler, "S_max", &params->S_max);
    read_default(sampler, "S_noise", &params->S_noise);
    read_default(sampler, "guidance", &params->guidance);
#define READ(member, LIST)                                                   \
    params->member = (enum cedm_##member)read_word(                          \
        sampler, #member, HOST_SAMPLER_##member, (int)params->member);
    HOST_SAMPLER_CHOICE_LIST(READ)
#undef READ
}

static void add_number(cJSON *object, const char *name, double value)
{
    cJSON *item =
        isfinite(value) ? host_json_number(value) : cJSON_CreateNull();
    if (!cJSON_AddItemToObject(object, name, item)) {
        cJSON_Delete(item);
    }
}

cJSON *host_sampler_to_json(const cedm_sampler_params *params)
{
    cJSON *sampler = cJSON_CreateObject();
    add_number(sampler, "steps", params->steps);
    add_number(sampler, "sigma_min", params->sigma_min);
    add_number(sampler, "sigma_max", params->sigma_max);
    add_number(sampler, "rho", params->rho);
    add_number(sampler, "S_churn", params->S_churn);
    add_number(sampler, "S_min", params->S_min);
    add_number(sampler, "S_max", params->S_max);
    add_number(sampler, "S_noise", params->S_noise);
    add_number(sampler, "guidance", params->guidance);
#define ADD(member, LIST)                                                    \
    cJSON_AddStringToObject(sampler, #member,                                \
                            words[HOST_SAMPLER_##member][params->member]);
    HOST_SAMPLER_CHOICE_LIST(ADD)
#undef ADD
    return sampler;
}
