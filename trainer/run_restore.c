/* SPDX-License-Identifier: MIT
 *
 * run_restore.c - a point of a run, gone back to: only the run that was. */
#include <errno.h>
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

static bool restore_counters(train_run *r, const cg_file *state,
                             host_failure *f)
{
    const char *text = cg_find_metadata(state, "cedm.counters");

    errno = 0;
    if (text != NULL && train_run_counters_read(r, text)) {
        return true;
    }
    return errno == ENOMEM
               ? host_fail(f, "%s: out of memory", state->path)
               : host_fail(f,
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
