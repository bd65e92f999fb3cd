/* SPDX-License-Identifier: MIT
 *
 * temi_job.c - a training from features to the last epoch. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cluster/scores.h"
#include "host/execution/agreement.h"
#include "host/execution/ranks.h"
#include "host/files/json_number.h"
#include "tools/cluster/neighbours.h"
#include "tools/cluster/temi_job.h"
#include "tools/cluster/temi_state.h"

/* Seconds between states on disk. */
#define STATE_SECONDS 60.0

/* ---- features ----------------------------------------------------------- */

/* Features of mean 0 and deviation 1, that of N - 1; constant ones are 0. */
static bool standardize(cluster_temi_job *j, host_failure *f)
{
    const uint32_t width = j->x.rows.width;
    const double rows = (double)j->x.rows.count;
    double *moments = malloc(2 * width * sizeof *moments);

    j->mean = malloc(width * sizeof *j->mean);
    j->deviation = malloc(width * sizeof *j->deviation);
    j->scale = malloc(width * sizeof *j->scale);
    const bool good = moments != NULL && j->mean != NULL &&
                      j->deviation != NULL && j->scale != NULL;

    if (!host_agree(
            good || host_fail(f, "out of memory for a row of features"), f)) {
        free(moments);
        return false;
    }
    cluster_rows_moments(&j->x.rows, &j->s->workers, moments,
                         moments + width);
    for (uint32_t i = 0; i < width; i++) {
        const double more = rows > 1.0 ? rows / (rows - 1.0) : 1.0;

        j->mean[i] = (float)moments[i];
        j->deviation[i] = (float)sqrt(moments[width + i] * more);
        j->scale[i] = j->deviation[i] > 0.0f
                          ? (float)(1.0 / (double)j->deviation[i])
                          : 0.0f;
    }
    free(moments);
    j->x.rows.shift = j->mean;
    j->x.rows.scale = j->scale;
    return true;
}

bool cluster_temi_job_open(cluster_temi_job *j, cluster_session *s,
                           host_failure *f)
{
    *j = (cluster_temi_job){.s = s};
    if (!cluster_features_open(&j->x, s, s->settings->normalize, f) ||
        (s->settings->standardize && !standardize(j, f))) {
        return false;
    }
    j->neighbours = cluster_neighbours_get(s, &j->x, f);
    return j->neighbours != NULL;
}

void cluster_temi_job_close(cluster_temi_job *j)
{
    cluster_features_close(&j->x);
    free(j->mean);
    free(j->deviation);
    free(j->scale);
    free(j->neighbours);
    *j = (cluster_temi_job){0};
}

/* Neighbours count by what they are, wherever they come from. */
static void hash_neighbours(const cluster_temi_job *j, char hex[65])
{
    cg_sha256(j->neighbours,
              j->x.rows.count * j->s->settings->temi.neighbours *
                  sizeof *j->neighbours,
              hex);
}

cJSON *cluster_temi_recipe(const cluster_temi_job *j)
{
    const cluster_settings *s = j->s->settings;
    const cluster_temi_options *o = &s->temi;
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        {"heads", o->heads},
        {"batch", o->batch},
        {"epochs", o->epochs},
        {"neighbours", o->neighbours},
        {"loss", o->loss},
        {"beta", o->beta},
        {"rate", o->rate[0]},
        {"min_rate", o->rate[1]},
        {"warmup", o->warmup},
        {"decay", o->decay},
        {"momentum", o->momentum[0]},
        {"max_momentum", o->momentum[1]},
        {"hidden", o->shape.hidden},
        {"bottleneck", o->shape.bottleneck},
    };
    cJSON *json = cJSON_CreateObject();
    char hex[65];

    hash_neighbours(j, hex);
    cJSON_AddStringToObject(json, "method", "temi");
    cJSON_AddStringToObject(json, "features", j->x.sha256);
    cJSON_AddStringToObject(json, "knn", hex);
    cJSON_AddBoolToObject(json, "normalize", s->normalize);
    cJSON_AddBoolToObject(json, "standardize", s->standardize);
    cJSON_AddBoolToObject(json, "positive", o->positive);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        cJSON_AddItemToObject(json, numbers[i].name,
                              host_json_number(numbers[i].value));
    }
    return json;
}

/* ---- progress ----------------------------------------------------------- */

static void show_step(const cluster_temi_job *j, const cluster_temi *t)
{
    double mean = 0.0;

    for (uint32_t i = 0; i < t->options.heads; i++) {
        mean += t->head_loss[i] / t->options.heads;
    }
    const cluster_shown shown[] = {
        {"clusters", t->options.shape.clusters},
        {"step", (double)t->state.step},
        {"of", (double)(t->options.epochs * t->steps_per_epoch)},
        {"loss", mean},
    };

    cluster_show_progress(j->s, shown, sizeof shown / sizeof *shown);
}

static void print_epoch(const cluster_temi *t, uint32_t used)
{
    fprintf(stderr,
            "{\"clusters\": %" PRIu32 ", \"epoch\": %" PRIu64
            ", \"best\": %" PRIu32 ", \"used\": %" PRIu32 ", \"losses\": [",
            t->options.shape.clusters, t->state.step / t->steps_per_epoch,
            t->best, used);
    for (uint32_t i = 0; i < t->options.heads; i++) {
        fprintf(stderr, "%s%.6f", i > 0 ? ", " : "", t->epoch_loss[i]);
    }
    fputs("]}\n", stderr);
}

/* At the end of an epoch: the clusters that the best head uses, and how well
 * every head does. */
static bool show_epoch(const cluster_temi_job *j, cluster_temi *t,
                       host_failure *f)
{
    int32_t *ids;
    cluster_usage u;

    if (j->s->progress.kind != HOST_PROGRESS_JSON) {
        return true;
    }
    ids = malloc(j->x.rows.count * sizeof *ids);
    const bool good =
        host_agree(ids != NULL || host_fail(f, "out of memory for ids"), f) &&
        cluster_temi_ids(j, t, ids, f) &&
        cluster_usage_of(&u, ids, j->x.rows.count, t->options.shape.clusters,
                         f);

    free(ids);
    if (good && host_ranks_rank() == 0) {
        print_epoch(t, u.used);
    }
    return good;
}

/* ---- training ----------------------------------------------------------- */

typedef struct training {
    cluster_temi_job *j;
    cluster_temi *t;
    const char *path, *recipe;
    double saved; /* of the clock */
} training;

/* After every step: progress, and a state now and then. */
static bool between(training *r, host_failure *f)
{
    host_failure stopped = *f;
    const bool go_on = cluster_go_on(r->j->s, &stopped);

    show_step(r->j, r->t);
    if (r->t->state.step % r->t->steps_per_epoch == 0 &&
        !show_epoch(r->j, r->t, f)) {
        return false;
    }
    if (r->path != NULL &&
        (cluster_is_due(&r->saved, STATE_SECONDS) || !go_on) &&
        !cluster_temi_save(r->path, r->recipe, r->t, f)) {
        return false;
    }
    if (!go_on) {
        *f = stopped;
    }
    return go_on;
}

static bool run(training *r, host_failure *f)
{
    const uint64_t steps = r->t->options.epochs * r->t->steps_per_epoch;

    r->saved = host_seconds();
    if (cluster_resumes(r->j->s, r->path) &&
        !cluster_temi_load(r->path, r->recipe, r->t, f)) {
        return false;
    }
    while (r->t->state.step < steps) {
        (void)cluster_temi_step(r->t);
        if (!between(r, f)) {
            return false;
        }
    }
    return true;
}

bool cluster_temi_train(cluster_temi_job *j, cluster_temi *t,
                        const cluster_temi_options *options,
                        const char *state_path, const char *recipe,
                        host_failure *f)
{
    training r = {j, t, state_path, recipe, 0.0};

    return cluster_temi_open(t, &j->x.rows, j->neighbours, options,
                             &j->s->workers, f) &&
           run(&r, f);
}

bool cluster_temi_ids(const cluster_temi_job *j, cluster_temi *t,
                      int32_t *ids, host_failure *f)
{
    cluster_temi_know(t);
    return cluster_head_assign(&t->layout, cluster_temi_teacher(t, t->best),
                               &j->x.rows, &j->s->workers, ids, f);
}
