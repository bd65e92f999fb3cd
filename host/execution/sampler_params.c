/* SPDX-License-Identifier: MIT
 *
 * sampler_params.c - sampler parameters as words and as JSON. */
#include "host/execution/sampler_params.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
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

/* A step that ends at 0 has one evaluation, and there is one at most. */
double host_sampler_evaluations(const cedm_sampler_params *params)
{
    const cedm_solver_facts *facts = cedm_solver_describe(params->solver);
    double evaluations = (double)params->steps * facts->evaluations;
    bool guided = params->guidance < 0 || params->guidance > 0;
    if (facts->ends_at_0) {
        evaluations -= facts->evaluations - 1;
    }
    return evaluations * (guided ? 2 : 1);
}

/* ---- lists of levels --------------------------------------------------- */

uint32_t host_sampler_level_count(const cedm_sampler_params *params)
{
    return params->steps + !cedm_solver_describe(params->solver)->ends_at_0;
}

void host_sampler_set_level_count(cedm_sampler_params *params, uint32_t count)
{
    params->steps = count - !cedm_solver_describe(params->solver)->ends_at_0;
}

double *host_sampler_levels_from_json(const cJSON *sampler, uint32_t *count)
{
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(sampler, "sigmas");
    int n = cJSON_GetArraySize(array);
    double *levels = n > 0 ? calloc((size_t)n, sizeof *levels) : NULL;
    *count = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, array)
    {
        if (levels == NULL || !cJSON_IsNumber(item)) {
            free(levels);
            return NULL;
        }
        levels[(*count)++] = item->valuedouble;
    }
    return levels;
}

/* ---- JSON -------------------------------------------------------------- */

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

/* Keeps the value where the number is no count. */
static void read_count(const cJSON *sampler, const char *name,
                       uint32_t *value)
{
    double number = *value;
    read_default(sampler, name, &number);
    if (number >= 1 && number <= UINT32_MAX) {
        *value = (uint32_t)number;
    }
}

void host_sampler_from_json(const cJSON *sampler, cedm_sampler_params *params)
{
    enum cedm_discretization before = params->discretization;
    read_count(sampler, "steps", &params->steps);
    read_count(sampler, "order", &params->order);
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
    if (params->discretization == CEDM_DISCRETIZATION_list &&
        params->sigmas == NULL) {
        params->discretization = before;
    }
}

static void add_number(cJSON *object, const char *name, double value)
{
    cJSON *item =
        isfinite(value) ? host_json_number(value) : cJSON_CreateNull();
    if (!cJSON_AddItemToObject(object, name, item)) {
        cJSON_Delete(item);
    }
}

/* Words and numbers that the first records did not have are left out where
 * they change nothing, so that the same images make the same files. */
static bool is_told(const cedm_sampler_params *params,
                    enum host_sampler_choice choice)
{
    return choice != HOST_SAMPLER_churn_draws ||
           params->churn_draws != CEDM_CHURN_DRAWS_edm;
}

static void add_order(cJSON *sampler, const cedm_sampler_params *params)
{
    const cedm_solver_facts *facts = cedm_solver_describe(params->solver);
    if (params->order > 0 && facts->least < facts->most) {
        add_number(sampler, "order", params->order);
    }
}

static void add_levels(cJSON *sampler, const cedm_sampler_params *params)
{
    if (params->discretization != CEDM_DISCRETIZATION_list) {
        return;
    }
    cJSON *levels = cJSON_AddArrayToObject(sampler, "sigmas");
    uint32_t count = host_sampler_level_count(params);
    for (uint32_t i = 0; i < count; i++) {
        cJSON *item = host_json_number(params->sigmas[i]);
        if (!cJSON_AddItemToArray(levels, item)) {
            cJSON_Delete(item);
        }
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
    if (is_told(params, HOST_SAMPLER_##member)) {                            \
        cJSON_AddStringToObject(                                             \
            sampler, #member, words[HOST_SAMPLER_##member][params->member]); \
    }
    HOST_SAMPLER_CHOICE_LIST(ADD)
#undef ADD
    add_order(sampler, params);
    add_levels(sampler, params);
    return sampler;
}
