/* SPDX-License-Identifier: MIT
 *
 * run_save.c - a point of a run, written. */
#include <stdlib.h>
#include <unistd.h>

#include "host/cli/progress.h"
#include "trainer/run.h"

/* ---- writing ------------------------------------------------------------ */

/* kind-NNN.safetensors, with what cedm-freeze wants to know. */
static bool save_network(const train_run *r, const char *kind,
                         const train_model_set *sets, size_t set_count,
                         host_failure *f)
{
    train_model_note notes[4] = {{"cedm.config", r->config}};
    size_t count = 1;
    char path[4096];

    if (r->freq != NULL) {
        notes[count++] = (train_model_note){"cedm.cluster_freq", r->freq};
        notes[count++] = (train_model_note){"cedm.cluster_ids", r->ids};
    }
    if (r->ids_source != NULL) {
        notes[count++] =
            (train_model_note){"cedm.cluster_source", r->ids_source};
    }
    train_run_path(r, kind, "safetensors", path, sizeof path);
    return train_model_file_save(r->model, r->learner->training, path, sets,
                                 set_count, notes, count, f);
}

static bool save_snapshot(const train_run *r, host_failure *f)
{
    const train_model_set set = {"", r->learner->sets[TRAIN_LEARNER_EMA],
                                 true};

    return save_network(r, "snapshot", &set, 1, f);
}

static bool save_averages(const train_run *r, host_failure *f)
{
    train_model_set sets[TRAIN_POWER_COUNT];

    train_power_sets(&r->power, sets);
    return r->power.elements == 0 ||
           save_network(r, "averages", sets, TRAIN_POWER_COUNT, f);
}

static bool save_state(const train_run *r, host_failure *f)
{
    float *const *from = r->learner->sets;
    train_model_set sets[4 + TRAIN_POWER_COUNT] = {
        {"ema.", from[TRAIN_LEARNER_EMA], false},
        {"exp_avg.", from[TRAIN_LEARNER_M], false},
        {"exp_avg_sq.", from[TRAIN_LEARNER_V], false},
        {"net.", from[TRAIN_LEARNER_PARAMS], true}};
    size_t count = r->power.elements > 0 ? 4 + TRAIN_POWER_COUNT : 4;
    char *counters = train_run_counters_write(r);
    const train_model_note notes[] = {TRAIN_MODEL_SEALED,
                                      {"cedm.config", r->config},
                                      {"cedm.recipe", r->recipe},
                                      {"cedm.data", r->data_json},
                                      {"cedm.counters", counters}};
    char path[4096];
    bool good = counters != NULL || host_fail(f, "out of memory");

    train_power_sets(&r->power, sets + 4);
    train_run_path(r, "state", "safetensors", path, sizeof path);
    good = good && train_model_file_save(r->model, r->learner->training, path,
                                         sets, count, notes, 5, f);
    free(counters);
    return good;
}

/* A state between ticks has had its time when there is a newer one. */
static void replace_between(train_run *r, uint64_t by)
{
    char path[4096];

    if (r->between > 0 && r->between != r->seen) {
        train_run_path_at(r, "state", "safetensors", r->between, path,
                          sizeof path);
        (void)unlink(path);
    }
    r->between = by;
    r->saved_time = host_seconds();
}

bool train_run_save(train_run *r, bool grid, host_failure *f)
{
    if (!r->learner->kind->pull(r->learner, f) || !save_snapshot(r, f) ||
        !save_averages(r, f) || (grid && !train_run_draw_grid(r, f)) ||
        !train_run_draw_stats(r, f) || !save_state(r, f)) {
        return false;
    }
    replace_between(r, 0);
    train_run_prune(r->options->out, r->options->keep);
    return true;
}

bool train_run_save_between(train_run *r, host_failure *f)
{
    if (!r->learner->kind->pull(r->learner, f) || !save_state(r, f)) {
        return false;
    }
    replace_between(r, r->seen);
    return true;
}
