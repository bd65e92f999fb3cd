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

/* Members that are numbers, beside the number of steps. */
#define NUMBER_LIST(X)                                                       \
    X(sigma_min)                                                             \
    X(sigma_max) X(rho) X(S_churn) X(S_min) X(S_max) X(S_noise) X(guidance)

static bool read_steps(const cJSON *item, uint32_t *steps)
{
    double value = item->valuedouble;
    if (!cJSON_IsNumber(item) || !(value >= 1 && value <= CEDM_MAX_STEPS) ||
        value != floor(value)) {
        return false;
    }
    *steps = (uint32_t)value;
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
        return read_steps(item, &params->steps);
    }
#define NUMBER(member)                                                       \
    if (strcmp(name, #member) == 0) {                                        \
        return read_number(item, &params->member);                           \
    }
    NUMBER_LIST(NUMBER)
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

cJSON *host_sampler_to_json(const cedm_sampler_params *params)
{
    cJSON *sampler = cJSON_CreateObject();
    add_number(sampler, "steps", params->steps);
#define NUMBER(member) add_number(sampler, #member, params->member);
    NUMBER_LIST(NUMBER)
#undef NUMBER
#define ADD(member, LIST)                                                    \
    cJSON_AddStringToObject(sampler, #member,                                \
                            words[HOST_SAMPLER_##member][params->member]);
    HOST_SAMPLER_CHOICE_LIST(ADD)
#undef ADD
    return sampler;
}
