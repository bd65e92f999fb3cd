/* SPDX-License-Identifier: MIT
 *
 * run_save.c - a point of a run: written, and gone back to. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"
#include "sample.h"

/* Images in a row of a grid, and its noise levels. */
#define GRID_COLUMNS 8u
#define GRID_STEPS 18u

/* ---- writing ------------------------------------------------------------ */

static bool save_snapshot(const run *r, failure *f)
{
    const model_set set = {"", r->adam.ema, true};
    model_note notes[3] = {{"cedm.config", r->config}};
    size_t count = 1;
    char path[4096];

    if (r->freq != NULL) {
        notes[count++] = (model_note){"cedm.cluster_freq", r->freq};
        notes[count++] = (model_note){"cedm.cluster_ids", r->ids};
    }
    run_path(r, "snapshot", "safetensors", path, sizeof path);
    return model_file_save(r->model, r->net->training, path, &set, 1, notes,
                           count, f);
}

/* The averaged parameters take the place of the trained ones meanwhile. */
static bool save_grid(run *r, failure *f)
{
    size_t bytes = r->adam.elements * sizeof(float);
    float *kept = malloc(bytes);
    char path[4096];
    bool good;

    if (kept == NULL) {
        return failed(f, "out of memory for a sample grid");
    }
    memcpy(kept, r->net->data, bytes);
    memcpy(r->net->data, r->adam.ema, bytes);
    train_net_refresh(r->net);
    run_path(r, "grid", "png", path, sizeof path);
    good = sample_grid(r->net, GRID_COLUMNS, GRID_STEPS, r->options->seed,
                       path, f);
    memcpy(r->net->data, kept, bytes);
    free(kept);
    return good;
}

/* Doubles are hexadecimal text: every bit comes back. */
static char *counters_json(const run *r)
{
    char text[512];

    (void)snprintf(text, sizeof text,
                   "{\"seen\":%" PRIu64 ",\"updates\":%" PRIu64
                   ",\"tick\":%" PRIu64 ",\"tick_start\":%" PRIu64
                   ",\"tick_steps\":%" PRIu64 ",\"not_finite\":%" PRIu64
                   ",\"loss_sum\":\"%a\",\"ema_ramp\":%d}",
                   r->seen, r->adam.updates, r->tick, r->tick_start,
                   r->tick_steps, r->not_finite, r->loss_sum,
                   r->ema_ramp ? 1 : 0);
    return strdup(text);
}

static bool save_state(const run *r, failure *f)
{
    const model_set sets[] = {{"net.", r->net->data, true},
                              {"ema.", r->adam.ema, false},
                              {"exp_avg.", r->adam.m, false},
                              {"exp_avg_sq.", r->adam.v, false}};
    char *counters = counters_json(r);
    const model_note notes[] = {{"cedm.config", r->config},
                                {"cedm.recipe", r->recipe},
                                {"cedm.counters", counters}};
    char path[4096];
    bool good = counters != NULL || failed(f, "out of memory");

    run_path(r, "state", "safetensors", path, sizeof path);
    good = good && model_file_save(r->model, r->net->training, path, sets, 4,
                                   notes, 3, f);
    free(counters);
    return good;
}

bool run_save(run *r, bool grid, failure *f)
{
    if (!save_snapshot(r, f) || (grid && !save_grid(r, f)) ||
        !run_draw_stats(r, f) || !save_state(r, f)) {
        return false;
    }
    run_prune(r->options->out, r->options->keep);
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

static bool restore_counters(run *r, const cg_file *state, failure *f)
{
    const char *text = cg_find_metadata(state, "cedm.counters");
    cJSON *json;
    const cJSON *loss;
    uint64_t ramp = 0;
    bool good;

    errno = 0;
    json = text == NULL ? NULL : cJSON_Parse(text);
    if (json == NULL && errno == ENOMEM) {
        return failed(f, "%s: out of memory", state->path);
    }
    loss = cJSON_GetObjectItemCaseSensitive(json, "loss_sum");
    good = count(json, "seen", &r->seen) &&
           count(json, "updates", &r->adam.updates) &&
           count(json, "tick", &r->tick) &&
           count(json, "tick_start", &r->tick_start) &&
           count(json, "tick_steps", &r->tick_steps) &&
           count(json, "not_finite", &r->not_finite) &&
           count(json, "ema_ramp", &ramp) && cJSON_IsString(loss);
    if (good) {
        r->loss_sum = strtod(loss->valuestring, NULL);
        r->ema_ramp = ramp != 0;
    }
    cJSON_Delete(json);
    return good || failed(f, "%s: no usable cedm.counters; resume from an "
                             "older state", state->path);
}

bool run_restore(run *r, const cg_file *state, failure *f)
{
    const cg_training *t = r->net->training;
    const char *recipe = cg_find_metadata(state, "cedm.recipe");

    if (recipe == NULL || strcmp(recipe, r->recipe) != 0) {
        return failed(f, "%s: the run has another recipe; wanted %s, got %s; "
                         "give the options that it began with", state->path,
                      recipe == NULL ? "one" : recipe, r->recipe);
    }
    return model_file_load(r->model, t, state, "ema.", r->adam.ema, f) &&
           model_file_load(r->model, t, state, "exp_avg.", r->adam.m, f) &&
           model_file_load(r->model, t, state, "exp_avg_sq.", r->adam.v, f) &&
           restore_counters(r, state, f);
}
