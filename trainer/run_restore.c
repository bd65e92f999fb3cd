/* SPDX-License-Identifier: MIT
 *
 * run_restore.c - a point of a run, gone back to: only the run that was. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trainer/json_difference.h"
#include "trainer/run.h"

/* ---- is it the same run? ------------------------------------------------ */

/* One of the texts in a state that say what the run is. */
static bool check_same(const cg_file *state, const char *key,
                       const char *text, const char *what, const char *advice,
                       host_failure *f)
{
    const char *there = cg_find_metadata(state, key);
    char fields[512];

    if (there == NULL) {
        return host_fail(f,
                         "%s: no %s; wanted a state of cedm-train, got "
                         "another file; check what file this is",
                         state->path, key);
    }
    if (strcmp(there, text) == 0) {
        return true;
    }
    train_json_difference(there, text, fields, sizeof fields);
    return host_fail(f, "%s: the run has %s; %s; %s", state->path, what,
                     fields, advice);
}

bool train_run_check_config(const train_run *r, const cg_file *state,
                            host_failure *f)
{
    return check_same(state, "cedm.config", r->config, "another network",
                      "give the options and data that it began with", f);
}

static bool check_recipe(const train_run *r, const cg_file *state,
                         host_failure *f)
{
    return check_same(state, "cedm.recipe", r->recipe, "another recipe",
                      "give the options that it began with", f);
}

static bool check_data(const train_run *r, const cg_file *state,
                       host_failure *f)
{
    return r->options->new_data ||
           check_same(state, "cedm.data", r->data_json,
                      "other images or cluster ids",
                      "give those that it began with, or --new-data to go on "
                      "with these",
                      f);
}

/* cg_open compared the sums that are there. */
static bool check_sums(const cg_file *state, host_failure *f)
{
    return (cg_find_metadata(state, "cedm.crc32c") != NULL &&
            cg_find_metadata(state, "cedm.header_crc32c") != NULL) ||
           host_fail(f,
                     "%s: no checksums; wanted cedm.crc32c and "
                     "cedm.header_crc32c, got a damaged file or one of "
                     "another program; resume from an older state",
                     state->path);
}

/* ---- counters ----------------------------------------------------------- */

/* Below 2^53, beyond which JSON's numbers are not exact. */
static bool count(const cJSON *json, const char *key, uint64_t *out)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(json, key);

    if (!cJSON_IsNumber(value) || value->valuedouble < 0.0 ||
        value->valuedouble > 9e15 ||
        value->valuedouble != floor(value->valuedouble)) {
        return false;
    }
    *out = (uint64_t)value->valuedouble;
    return true;
}

static bool read_scale(const cJSON *json, float *out)
{
    const cJSON *scale = cJSON_GetObjectItemCaseSensitive(json, "scale");

    if (!cJSON_IsNumber(scale) || !(scale->valuedouble >= 1.0) ||
        scale->valuedouble > 1e9) {
        return false;
    }
    *out = (float)scale->valuedouble;
    return true;
}

static bool read_loss(const cJSON *json, double *out)
{
    const cJSON *loss = cJSON_GetObjectItemCaseSensitive(json, "loss_sum");
    char *end;

    if (!cJSON_IsString(loss)) {
        return false;
    }
    *out = strtod(loss->valuestring, &end);
    return end != loss->valuestring && *end == '\0';
}

static bool read_counters(train_run *r, const cJSON *json)
{
    train_learner_counts *c = &r->learner->counts;
    uint64_t ramp, good_updates;

    if (!count(json, "seen", &r->seen) ||
        !count(json, "updates", &r->updates) ||
        !count(json, "tick", &r->tick) ||
        !count(json, "tick_start", &r->tick_start) ||
        !count(json, "tick_steps", &r->tick_steps) ||
        !count(json, "not_finite", &c->not_finite) ||
        !count(json, "skipped", &c->skipped) ||
        !count(json, "good", &good_updates) ||
        !count(json, "ema_ramp", &ramp) || !read_scale(json, &c->scale) ||
        !read_loss(json, &r->loss_sum) || ramp > 1 ||
        good_updates > UINT32_MAX) {
        return false;
    }
    r->ema_ramp = ramp != 0;
    c->good = (uint32_t)good_updates;
    return true;
}

/* An update sees a batch, a tick begins where one ended. */
static bool counters_agree(const train_run *r)
{
    const train_learner_counts *c = &r->learner->counts;
    uint64_t batch = r->options->batch;

    return r->updates > 0 && r->seen % batch == 0 &&
           r->seen / batch == r->updates && r->tick_start % batch == 0 &&
           r->tick_start <= r->seen &&
           (r->seen - r->tick_start) / batch == r->tick_steps &&
           r->tick <= r->updates && c->skipped <= r->updates &&
           c->good <= r->updates;
}

static bool restore_counters(train_run *r, const cg_file *state,
                             host_failure *f)
{
    const char *text = cg_find_metadata(state, "cedm.counters");
    cJSON *json;
    bool good;

    errno = 0;
    json = text == NULL ? NULL : cJSON_Parse(text);
    if (json == NULL && errno == ENOMEM) {
        return host_fail(f, "%s: out of memory", state->path);
    }
    good = json != NULL && read_counters(r, json) && counters_agree(r);
    cJSON_Delete(json);
    if (good) {
        r->learner->counts.updates = r->updates - r->learner->counts.skipped;
    }
    return good || host_fail(f,
                             "%s: cedm.counters disagree; wanted seen = "
                             "updates x %u, a tick within it, got %s; resume "
                             "from an older state",
                             state->path, r->options->batch,
                             text == NULL ? "none" : text);
}

/* Those between ticks have no snapshot. */
static void note_between(train_run *r)
{
    char path[4096];

    train_run_path(r, "snapshot", "safetensors", path, sizeof path);
    r->between = access(path, F_OK) == 0 ? 0 : r->seen;
}

static bool restore_power(train_run *r, const cg_file *state, host_failure *f)
{
    bool good = true;

    for (uint32_t k = 0; good && k < TRAIN_POWER_COUNT; k++) {
        good = r->power.averages[k] == NULL ||
               train_model_file_load(r->model, r->learner->training, state,
                                     train_power_prefix[k],
                                     r->power.averages[k], f);
    }
    return good;
}

static bool restore(train_run *r, const cg_file *state, host_failure *f)
{
    const cg_training *t = r->learner->training;
    float *const *to = r->learner->sets;

    return check_sums(state, f) && check_recipe(r, state, f) &&
           check_data(r, state, f) &&
           train_model_file_load(r->model, t, state, "ema.",
                                 to[TRAIN_LEARNER_EMA], f) &&
           train_model_file_load(r->model, t, state, "exp_avg.",
                                 to[TRAIN_LEARNER_M], f) &&
           train_model_file_load(r->model, t, state, "exp_avg_sq.",
                                 to[TRAIN_LEARNER_V], f) &&
           restore_power(r, state, f) && restore_counters(r, state, f);
}

bool train_run_restore(train_run *r, const cg_file *state, host_failure *f)
{
    bool good = restore(r, state, f);

    if (good) {
        note_between(r);
    }
    return good;
}
