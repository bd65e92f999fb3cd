/* SPDX-License-Identifier: MIT
 *
 * run_save.c - a point of a run: written, and gone back to. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/run.h"
#include "trainer/sample.h"

/* Images in a row of a grid, and its noise levels. */
#define GRID_COLUMNS 8u
#define GRID_STEPS 18u

/* ---- writing ------------------------------------------------------------ */

static bool save_snapshot(const train_run *r, host_failure *f)
{
    const train_model_set set = {"", r->learner->sets[TRAIN_LEARNER_EMA],
                                 true};
    train_model_note notes[3] = {{"cedm.config", r->config}};
    size_t count = 1;
    char path[4096];

    if (r->freq != NULL) {
        notes[count++] = (train_model_note){"cedm.cluster_freq", r->freq};
        notes[count++] = (train_model_note){"cedm.cluster_ids", r->ids};
    }
    train_run_path(r, "snapshot", "safetensors", path, sizeof path);
    return train_model_file_save(r->model, r->learner->training, path, &set,
                                 1, notes, count, f);
}

/* The averaged parameters take the place of the trained ones meanwhile. */
static bool save_grid(train_run *r, host_failure *f)
{
    train_learner *l = r->learner;
    size_t bytes = l->training->trained_elements * sizeof(float);
    float *kept = malloc(bytes);
    char path[4096];
    bool good;

    if (kept == NULL) {
        return host_fail(f, "out of memory for a sample grid");
    }
    memcpy(kept, l->sets[TRAIN_LEARNER_PARAMS], bytes);
    memcpy(l->sets[TRAIN_LEARNER_PARAMS], l->sets[TRAIN_LEARNER_EMA], bytes);
    train_run_path(r, "grid", "png", path, sizeof path);
    good =
        l->kind->push(l, f) && train_sample_grid(l, GRID_COLUMNS, GRID_STEPS,
                                                 r->options->seed, path, f);
    memcpy(l->sets[TRAIN_LEARNER_PARAMS], kept, bytes);
    free(kept);
    return good && l->kind->push(l, f);
}

/* Doubles are hexadecimal text: every bit comes back. */
static char *counters_json(const train_run *r)
{
    const train_learner_counts *c = &r->learner->counts;
    char text[640];

    (void)snprintf(text, sizeof text,
                   "{\"seen\":%" PRIu64 ",\"updates\":%" PRIu64
                   ",\"tick\":%" PRIu64 ",\"tick_start\":%" PRIu64
                   ",\"tick_steps\":%" PRIu64 ",\"not_finite\":%" PRIu64
                   ",\"skipped\":%" PRIu64 ",\"scale\":%.9g"
                   ",\"good\":%" PRIu32 ",\"loss_sum\":\"%a\""
                   ",\"ema_ramp\":%d}",
                   r->seen, r->updates, r->tick, r->tick_start, r->tick_steps,
                   c->not_finite, c->skipped, (double)c->scale, c->good,
                   r->loss_sum, r->ema_ramp ? 1 : 0);
    return strdup(text);
}

static bool save_state(const train_run *r, host_failure *f)
{
    float *const *from = r->learner->sets;
    const train_model_set sets[] = {
        {"net.", from[TRAIN_LEARNER_PARAMS], true},
        {"ema.", from[TRAIN_LEARNER_EMA], false},
        {"exp_avg.", from[TRAIN_LEARNER_M], false},
        {"exp_avg_sq.", from[TRAIN_LEARNER_V], false}};
    char *counters = counters_json(r);
    const train_model_note notes[] = {{"cedm.config", r->config},
                                      {"cedm.recipe", r->recipe},
                                      {"cedm.counters", counters}};
    char path[4096];
    bool good = counters != NULL || host_fail(f, "out of memory");

    train_run_path(r, "state", "safetensors", path, sizeof path);
    good = good && train_model_file_save(r->model, r->learner->training, path,
                                         sets, 4, notes, 3, f);
    free(counters);
    return good;
}

bool train_run_save(train_run *r, bool grid, host_failure *f)
{
    if (!r->learner->kind->pull(r->learner, f) || !save_snapshot(r, f) ||
        (grid && !save_grid(r, f)) || !train_run_draw_stats(r, f) ||
        !save_state(r, f)) {
        return false;
    }
    train_run_prune(r->options->out, r->options->keep);
    return true;
}

/* ---- going back --------------------------------------------------------- */

static bool count(const cJSON *json, const char *key, uint64_t *out)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(json, key);

    if (!cJSON_IsNumber(value) || value->valuedouble < 0.0 ||
        value->valuedouble > 9e15) {
        return false;
    }
    *out = (uint64_t)value->valuedouble;
    return true;
}

static bool restore_counters(train_run *r, const cg_file *state,
                             host_failure *f)
{
    const char *text = cg_find_metadata(state, "cedm.counters");
    cJSON *json;
    const cJSON *loss, *scale;
    train_learner_counts *c = &r->learner->counts;
    uint64_t ramp = 0, good_updates = 0;
    bool good;

    errno = 0;
    json = text == NULL ? NULL : cJSON_Parse(text);
    if (json == NULL && errno == ENOMEM) {
        return host_fail(f, "%s: out of memory", state->path);
    }
    loss = cJSON_GetObjectItemCaseSensitive(json, "loss_sum");
    scale = cJSON_GetObjectItemCaseSensitive(json, "scale");
    good = count(json, "seen", &r->seen) &&
           count(json, "updates", &r->updates) &&
           count(json, "tick", &r->tick) &&
           count(json, "tick_start", &r->tick_start) &&
           count(json, "tick_steps", &r->tick_steps) &&
           count(json, "not_finite", &c->not_finite) &&
           count(json, "skipped", &c->skipped) &&
           count(json, "good", &good_updates) &&
           count(json, "ema_ramp", &ramp) && c->skipped <= r->updates &&
           cJSON_IsNumber(scale) && scale->valuedouble >= 1.0 &&
           scale->valuedouble <= 1e9 && cJSON_IsString(loss);
    if (good) {
        r->loss_sum = strtod(loss->valuestring, NULL);
        r->ema_ramp = ramp != 0;
        c->updates = r->updates - c->skipped;
        c->good = (uint32_t)good_updates;
        c->scale = (float)scale->valuedouble;
    }
    cJSON_Delete(json);
    return good || host_fail(f,
                             "%s: no usable cedm.counters; resume from an "
                             "older state",
                             state->path);
}

bool train_run_restore(train_run *r, const cg_file *state, host_failure *f)
{
    const cg_training *t = r->learner->training;
    float *const *to = r->learner->sets;
    const char *recipe = cg_find_metadata(state, "cedm.recipe");

    if (recipe == NULL || strcmp(recipe, r->recipe) != 0) {
        return host_fail(f,
                         "%s: the run has another recipe; wanted %s, got %s; "
                         "give the options that it began with",
                         state->path, recipe == NULL ? "one" : recipe,
                         r->recipe);
    }
    return train_model_file_load(r->model, t, state, "ema.",
                                 to[TRAIN_LEARNER_EMA], f) &&
           train_model_file_load(r->model, t, state, "exp_avg.",
                                 to[TRAIN_LEARNER_M], f) &&
           train_model_file_load(r->model, t, state, "exp_avg_sq.",
                                 to[TRAIN_LEARNER_V], f) &&
           restore_counters(r, state, f);
}
