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

static bool is_guided(const cedm_sampler_params *p)
{
    return p->guidance < 0 || p->guidance > 0;
}

static bool has_interval(const cedm_sampler_params *p)
{
    return p->guidance_min > 0 || isfinite(p->guidance_max);
}

/* Of one evaluation at a level. */
static double passes_at(const cedm_sampler_params *p, double sigma)
{
    return is_guided(p) && sigma > p->guidance_min && sigma <= p->guidance_max
               ? 2
               : 1;
}

double host_sampler_step_evaluations(const cedm_sampler_params *params,
                                     uint32_t i)
{
    double next = cedm_sigma(params, i + 1);
    bool corrects =
        cedm_solver_describe(params->solver)->evaluations > 1 && next > 0;
    return passes_at(params, cedm_sigma(params, i)) +
           (corrects ? passes_at(params, next) : 0);
}

/* A step that ends at 0 has one evaluation, and there is one at most. */
double host_sampler_evaluations(const cedm_sampler_params *params)
{
    const cedm_solver_facts *facts = cedm_solver_describe(params->solver);
    double steps = params->steps - params->start;
    double evaluations = steps * facts->evaluations;
    if (is_guided(params) && has_interval(params)) {
        evaluations = 0;
        for (uint32_t i = params->start; i < params->steps; i++) {
            evaluations += host_sampler_step_evaluations(params, i);
        }
        return evaluations;
    }
    if (facts->ends_at_0) {
        evaluations -= facts->evaluations - 1;
    }
    return evaluations * (is_guided(params) ? 2 : 1);
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

/* Members that are numbers, beside the number of steps. */
#define NUMBER_LIST(X)                                                       \
    X(sigma_min)                                                             \
    X(sigma_max) X(rho) X(S_churn) X(S_min) X(S_max) X(S_noise) X(guidance)

/* Those of them that are told where guidance has an interval. */
#define INTERVAL_LIST(X) X(guidance_min) X(guidance_max)

static bool read_count(const cJSON *item, uint32_t *count)
{
    double value = item->valuedouble;
    if (!cJSON_IsNumber(item) || !(value >= 1 && value <= CEDM_MAX_STEPS) ||
        value != floor(value)) {
        return false;
    }
    *count = (uint32_t)value;
    return true;
}

static bool read_number(const cJSON *item, double *value)
{
    *value = cJSON_IsNull(item) ? (double)INFINITY /* JSON has none */
                                : item->valuedouble;
    return cJSON_IsNull(item) || cJSON_IsNumber(item);
}

/* The index of the word, or -1. */
static int read_word(const cJSON *item, enum host_sampler_choice choice)
{
    const char *const *list = words[choice];
    const char *text = cJSON_GetStringValue(item);
    for (int i = 0; text != NULL && list[i] != NULL; i++) {
        if (strcmp(list[i], text) == 0) {
            return i;
        }
    }
    return -1;
}

static bool read_member(const cJSON *item, cedm_sampler_params *params)
{
    const char *name = item->string;
    if (strcmp(name, "steps") == 0) {
        return read_count(item, &params->steps);
    }
    if (strcmp(name, "order") == 0) {
        return read_count(item, &params->order);
    }
    if (strcmp(name, "start") == 0) {
        return read_count(item, &params->start);
    }
    if (strcmp(name, "sigmas") == 0) { /* host_sampler_levels_from_json */
        return cJSON_IsArray(item);
    }
#define NUMBER(member)                                                       \
    if (strcmp(name, #member) == 0) {                                        \
        return read_number(item, &params->member);                           \
    }
    NUMBER_LIST(NUMBER)
    INTERVAL_LIST(NUMBER)
#undef NUMBER
#define CHOICE(member, LIST)                                                 \
    if (strcmp(name, #member) == 0) {                                        \
        int word = read_word(item, HOST_SAMPLER_##member);                   \
        params->member = (enum cedm_##member)(word >= 0 ? word : 0);         \
        return word >= 0;                                                    \
    }
    HOST_SAMPLER_CHOICE_LIST(CHOICE)
#undef CHOICE
    return false;
}

bool host_sampler_from_json(const cJSON *sampler, cedm_sampler_params *params,
                            const char *label, host_failure *f)
{
    if (!cJSON_IsObject(sampler)) {
        return host_fail(f,
                         "%s: says no sampler; wanted an object of its "
                         "parameters",
                         label);
    }
    const cJSON *item;
    cJSON_ArrayForEach(item, sampler)
    {
        if (!read_member(item, params)) {
            const char *text = cJSON_GetStringValue(item);
            return host_fail(f,
                             "%s: sampler parameter '%.40s' is unknown here "
                             "or has an unusable value, %.40s",
                             label, item->string,
                             text != NULL ? text : "no word");
        }
    }
    if (params->discretization == CEDM_DISCRETIZATION_list &&
        params->sigmas == NULL) {
        return host_fail(
            f, "%s: says that its levels are a list, and has none", label);
    }
    return true;
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
#define NUMBER(member) add_number(sampler, #member, params->member);
    NUMBER_LIST(NUMBER)
    if (has_interval(params)) {
        INTERVAL_LIST(NUMBER)
    }
    if (params->start > 0) {
        add_number(sampler, "start", params->start);
    }
#undef NUMBER
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
