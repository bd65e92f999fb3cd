/* SPDX-License-Identifier: MIT
 *
 * gen_sampler.c - the sampler's options of cedm-gen. */
#include "tools/gen/gen_sampler.h"

#include <stdlib.h>
#include <string.h>

gen_sampler gen_sampler_none(void)
{
    gen_sampler s = {0};
    for (int i = 0; i < GEN_SAMPLER_COUNT; i++) {
        s.number[i] = (double)NAN;
    }
    for (int i = 0; i < HOST_SAMPLER_CHOICES; i++) {
        s.choice[i] = -1;
    }
    s.interval[0] = s.interval[1] = s.strength = (double)NAN;
    return s;
}

void gen_sampler_free(gen_sampler *s)
{
    free(s->sigmas);
    s->sigmas = NULL;
}

/* ---- values ------------------------------------------------------------ */

bool gen_sampler_number_option(gen_sampler *s, const host_args *a,
                               host_failure *f)
{
    static const struct {
        const char *name;
        double low, high;
    } rows[] = {
#define SAMPLER_ROW(option, member, low, high) {option, low, high},
        GEN_SAMPLER_LIST(SAMPLER_ROW)
#undef SAMPLER_ROW
    };
    size_t i = 0;
    while (strcmp(rows[i].name, a->name) != 0) {
        i++;
    }
    return host_args_double(a, rows[i].low, rows[i].high, &s->number[i], f);
}

bool gen_sampler_word_option(gen_sampler *s, const host_args *a,
                             enum host_sampler_choice choice, host_failure *f)
{
    return host_args_word(a, host_sampler_words(choice), &s->choice[choice],
                          f);
}

/* The number at `text` and what follows it; NULL if there is none. */
static const char *read_level(const char *text, double *level)
{
    const char *end = host_args_decimal(text, level);
    return end != NULL && (*end == ',' || *end == '\0') ? end : NULL;
}

bool gen_sampler_sigmas_option(gen_sampler *s, const host_args *a,
                               host_failure *f)
{
    size_t most = strlen(a->value) / 2 + 1; /* a digit, a comma */
    s->sigmas = calloc(most, sizeof *s->sigmas);
    if (s->sigmas == NULL || most > UINT32_MAX) {
        return host_fail(f, "out of memory");
    }
    const char *text = a->value;
    do {
        double *level = &s->sigmas[s->sigma_count];
        text = read_level(text, level);
        if (text == NULL || !(*level > 0) || !isfinite(*level)) {
            return host_bad_usage(f,
                                  "--sigmas: wanted numbers above 0, e.g. "
                                  "80,10,1,0.002, got '%s'",
                                  a->value);
        }
        if (s->sigma_count > 0 && !(*level < level[-1])) {
            return host_bad_usage(
                f, "--sigmas: wanted levels that fall, got %g after %g",
                *level, level[-1]);
        }
        s->sigma_count++;
    } while (*text++ == ',');
    return true;
}

bool gen_sampler_interval_option(gen_sampler *s, const host_args *a,
                                 host_failure *f)
{
    const char *text = read_level(a->value, &s->interval[0]);
    if (text != NULL && *text == ',') {
        text = read_level(text + 1, &s->interval[1]);
    }
    if (text == NULL || *text != '\0' || !(s->interval[0] >= 0) ||
        isnan(s->interval[1])) {
        return host_bad_usage(f,
                              "--guidance-interval: wanted two noise levels, "
                              "LOW,HIGH, e.g. 0.3,5, got '%s'",
                              a->value);
    }
    return s->interval[0] < s->interval[1] ||
           host_bad_usage(
               f,
               "--guidance-interval: wanted the lower level first, "
               "got %g,%g",
               s->interval[0], s->interval[1]);
}

/* ---- what --nfe picks -------------------------------------------------- */

/* What --nfe decides was decided by somebody else, too. */
static bool nfe_is_alone(const gen_sampler *s)
{
    return s->steps == 0 && s->order == 0 && s->sigmas == NULL &&
           s->choice[HOST_SAMPLER_solver] < 0 &&
           s->choice[HOST_SAMPLER_discretization] < 0 &&
           isnan(s->number[GEN_rho]);
}

static bool apply_nfe(const gen_sampler *s, cedm_sampler_params *params,
                      host_failure *f)
{
    const cedm_sampler_params before = *params;
    if (s->nfe == 0) {
        return true;
    }
    if (!nfe_is_alone(s)) {
        return host_bad_usage(f, "--nfe picks solver, steps and levels; "
                                 "wanted it without --solver, --order, "
                                 "--steps, --disc, --rho, --sigmas");
    }
    *params = cedm_sampler_params_nfe((uint32_t)s->nfe);
    params->guidance = before.guidance;
    params->guidance_min = before.guidance_min;
    params->guidance_max = before.guidance_max;
    params->start = before.start;
    return true;
}

void gen_sampler_say(const gen_sampler *s, const cedm_sampler_params *params,
                     FILE *out)
{
    if (s->nfe > 0) {
        fprintf(out,
                "cedm-gen: --nfe %u: solver %s of order %u, %u steps, %s "
                "levels of rho %g\n",
                params->steps,
                host_sampler_words(HOST_SAMPLER_solver)[params->solver],
                params->order, params->steps,
                host_sampler_words(
                    HOST_SAMPLER_discretization)[params->discretization],
                params->rho);
    }
}

/* ---- choices and numbers ----------------------------------------------- */

/* A discretization brings its range and rho, a solver its order. */
static void apply_choices(const gen_sampler *s, cedm_sampler_params *params)
{
#define CHOICE_SET(member, LIST)                                             \
    if (s->choice[HOST_SAMPLER_##member] >= 0) {                             \
        params->member =                                                     \
            (enum cedm_##member)s->choice[HOST_SAMPLER_##member];            \
    }
    HOST_SAMPLER_CHOICE_LIST(CHOICE_SET)
#undef CHOICE_SET
    if (s->choice[HOST_SAMPLER_discretization] >= 0) {
        cedm_sampler_params d =
            cedm_sampler_params_for(params->discretization);
        params->sigma_min = d.sigma_min;
        params->sigma_max = d.sigma_max;
        params->rho = d.rho;
    }
    if (s->choice[HOST_SAMPLER_solver] >= 0) {
        params->order = 0;
    }
}

static bool apply_numbers(const gen_sampler *s, cedm_sampler_params *params,
                          host_failure *f)
{
#define SAMPLER_SET(option, member, low, high)                               \
    if (!isnan(s->number[GEN_##member])) {                                   \
        params->member = s->number[GEN_##member];                            \
    }
    GEN_SAMPLER_LIST(SAMPLER_SET)
#undef SAMPLER_SET
    if (!isnan(s->interval[0])) {
        params->guidance_min = s->interval[0];
        params->guidance_max = s->interval[1];
        if (!(params->guidance < 0) && !(params->guidance > 0)) {
            return host_bad_usage(f, "--guidance-interval: wanted it with "
                                     "--guidance, whose levels it says");
        }
    }
    if (params->sigma_min > params->sigma_max) {
        return host_bad_usage(
            f, "--sigma-min: wanted at most sigma-max, %g, got %g",
            params->sigma_max, params->sigma_min);
    }
    return params->rho < 0 || params->rho > 0 ||
           host_bad_usage(f, "--rho: wanted a number other than 0");
}

/* ---- lists of levels --------------------------------------------------- */

static bool list_is_alone(const gen_sampler *s)
{
    int disc = s->choice[HOST_SAMPLER_discretization];
    return (disc < 0 || disc == CEDM_DISCRETIZATION_list) && s->steps == 0 &&
           isnan(s->number[GEN_sigma_min]) &&
           isnan(s->number[GEN_sigma_max]) && isnan(s->number[GEN_rho]);
}

/* The list says the range; of a model's, the part that it was trained on. */
static bool take_range(const cedm_denoiser *denoiser, uint32_t count,
                       cedm_sampler_params *params, host_failure *f)
{
    params->sigma_max = params->sigmas[0];
    params->sigma_min = params->sigmas[count - 1];
    return (params->sigma_max <= denoiser->sigma_max &&
            params->sigma_min >= denoiser->sigma_min) ||
           host_bad_usage(f,
                          "--sigmas: wanted levels from %g down to %g, which "
                          "the model knows, got %g to %g",
                          denoiser->sigma_max, denoiser->sigma_min,
                          params->sigma_max, params->sigma_min);
}

/* The command line's list or that of a record, whose `count` levels make
 * other steps if the solver is another. */
static bool apply_list(const gen_sampler *s, const cedm_denoiser *denoiser,
                       uint32_t count, cedm_sampler_params *params,
                       host_failure *f)
{
    if (s->sigmas != NULL) {
        params->discretization = CEDM_DISCRETIZATION_list;
        params->sigmas = s->sigmas;
        count = s->sigma_count;
    }
    if (params->discretization != CEDM_DISCRETIZATION_list) {
        return true;
    }
    if (params->sigmas == NULL) {
        return host_bad_usage(f, "--disc list: wanted --sigmas, the levels");
    }
    if (!list_is_alone(s)) {
        return host_bad_usage(f,
                              "--sigmas says all levels; wanted it without "
                              "--steps, --disc, --sigma-min, --sigma-max, "
                              "--rho");
    }
    host_sampler_set_level_count(params, count);
    if (params->steps == 0 || params->steps > CEDM_MAX_STEPS) {
        return host_bad_usage(f, "--sigmas: wanted 2 to %u levels, got %u",
                              CEDM_MAX_STEPS, count);
    }
    return take_range(denoiser, count, params, f);
}

/* ---- what goes together ------------------------------------------------ */

/* The words of the solvers that take all of it, with commas. */
static const char *general_solvers(char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    const cedm_solver_facts *facts;
    for (int i = 0;
         (facts = cedm_solver_describe((enum cedm_solver)i)) != NULL; i++) {
        if (facts->general && used < size) {
            used += (size_t)snprintf(text + used, size - used, "%s%s",
                                     used > 0 ? ", " : "", facts->word);
        }
    }
    return text;
}

static bool check_solver(const gen_sampler *s, cedm_sampler_params *params,
                         host_failure *f)
{
    const cedm_solver_facts *facts = cedm_solver_describe(params->solver);
    char words[128];
    if (params->order == 0) {
        params->order = facts->order;
    }
    if (params->order < facts->least || params->order > facts->most) {
        return host_bad_usage(
            f,
            "--order: %s has orders %u to %u, which %u maps "
            "of state hold; got %u",
            facts->word, facts->least, facts->most, CEDM_STATE_MAPS,
            params->order);
    }
    const char *extra = s->repeats              ? "--resample"
                        : params->S_churn > 0   ? "--S-churn"
                        : params->schedule != 0 ? "--schedule"
                        : params->scaling != 0  ? "--scaling"
                                                : NULL;
    return facts->general || extra == NULL ||
           host_bad_usage(f, "%s: wanted it with --solver %s, got %s", extra,
                          general_solvers(words, sizeof words), facts->word);
}

bool gen_sampler_apply(const gen_sampler *s, const cedm_denoiser *denoiser,
                       cedm_sampler_params *params, host_failure *f)
{
    uint32_t count = host_sampler_level_count(params);
    if (!apply_nfe(s, params, f)) {
        return false;
    }
    apply_choices(s, params);
    if (s->steps > 0) {
        params->steps = (uint32_t)s->steps;
    }
    if (s->order > 0) {
        params->order = (uint32_t)s->order;
    }
    return apply_numbers(s, params, f) &&
           apply_list(s, denoiser, count, params, f) &&
           check_solver(s, params, f);
}

void gen_sampler_set_strength(const gen_sampler *s, double otherwise,
                              cedm_sampler_params *params)
{
    double strength = isnan(s->strength) ? otherwise : s->strength;
    double taken = fmax(1, round(strength * params->steps));
    params->start = params->steps - (uint32_t)taken;
}
