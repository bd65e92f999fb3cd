/* SPDX-License-Identifier: MIT
 *
 * kmeans_command.c - cedm-cluster kmeans. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/execution/agreement.h"
#include "host/execution/ranks.h"
#include "host/files/json_number.h"
#include "tools/cluster/kmeans_state.h"

/* Seconds between states on disk. */
#define STATE_SECONDS 20.0

typedef struct kmeans_job {
    cluster_session *s;
    cluster_features x;
    cluster_kmeans k;
    cluster_minibatch batches;
    cluster_minibatch *m; /* &batches, or NULL */
    float *given;
    char *state_path, *recipe;
    double saved; /* of the clock */
} kmeans_job;

/* What the bits of the result depend on. */
static char *make_recipe(const kmeans_job *j, host_failure *f)
{
    const cluster_settings *o = j->s->settings;
    cJSON *json = cJSON_CreateObject();
    char *text;

    cJSON_AddStringToObject(json, "method", "kmeans");
    cJSON_AddStringToObject(json, "features", j->x.sha256);
    cJSON_AddNumberToObject(json, "clusters", (double)o->clusters);
    cJSON_AddStringToObject(json, "init",
                            o->init_file != NULL ? o->init_file
                            : o->kmeans.seeding == CLUSTER_SEEDING_random
                                ? "random"
                                : "plusplus");
    cJSON_AddNumberToObject(json, "runs", (double)o->runs);
    cJSON_AddNumberToObject(json, "iterations", o->kmeans.iterations);
    cJSON_AddItemToObject(json, "tolerance",
                          host_json_number(o->kmeans.tolerance));
    cJSON_AddNumberToObject(json, "batch", (double)o->batch);
    cJSON_AddBoolToObject(json, "normalize", o->normalize);
    cJSON_AddNumberToObject(json, "seed", (double)o->seed);
    text = cluster_json_text(json, f);
    cJSON_Delete(json);
    return text;
}

/* What a rank needs besides the features. */
static bool prepare(kmeans_job *j, host_failure *f)
{
    const cluster_settings *o = j->s->settings;

    if (o->init_file != NULL) {
        j->given = cluster_matrix_read(o->init_file, o->clusters,
                                       j->x.rows.width, f);
        if (j->given == NULL) {
            return false;
        }
    }
    j->recipe = make_recipe(j, f);
    j->state_path = cluster_path_beside(o->out, ".state", f);
    return j->recipe != NULL && j->state_path != NULL;
}

static bool open_job(kmeans_job *j, host_failure *f)
{
    const cluster_settings *o = j->s->settings;
    cluster_kmeans_options options = o->kmeans;

    if (!cluster_features_open(&j->x, j->s, o->normalize, f) ||
        !host_agree(prepare(j, f), f)) {
        return false;
    }
    options.given = j->given;
    if (!cluster_kmeans_open(&j->k, &j->x.rows, &options, &j->s->workers,
                             f)) {
        return false;
    }
    if (o->batch > 0) {
        j->m = &j->batches;
        return cluster_minibatch_open(j->m, &j->k, (uint32_t)o->batch, f);
    }
    return true;
}

static void close_job(kmeans_job *j)
{
    cluster_minibatch_close(&j->batches);
    cluster_kmeans_close(&j->k);
    cluster_features_close(&j->x);
    free(j->given);
    cJSON_free(j->recipe);
    free(j->state_path);
}

/* ---- running ------------------------------------------------------------ */

static void show(kmeans_job *j)
{
    const cluster_shown shown[] = {
        {"run", j->k.run + 1.0},
        {"of", (double)j->s->settings->runs},
        {"iteration", j->k.iteration},
        {"best", j->k.best.any ? j->k.best.inertia : 0.0},
    };

    cluster_show_progress(j->s, shown, sizeof shown / sizeof *shown);
}

/* After every iteration: progress, and a state now and then. */
static bool between(kmeans_job *j, host_failure *f)
{
    host_failure stopped = *f;
    const bool go_on = cluster_go_on(j->s, &stopped);

    show(j);
    if (!cluster_is_due(&j->saved, STATE_SECONDS) && go_on) {
        return true;
    }
    if (!cluster_kmeans_save(j->state_path, j->recipe, &j->k, j->m, f)) {
        return false;
    }
    *f = stopped;
    return go_on;
}

static bool iterate(kmeans_job *j, host_failure *f)
{
    while (j->m != NULL ? cluster_minibatch_step(j->m)
                        : cluster_kmeans_step(&j->k)) {
        if (!between(j, f)) {
            return false;
        }
    }
    (void)cluster_kmeans_finish(&j->k);
    return true;
}

static bool run_all(kmeans_job *j, host_failure *f)
{
    const uint32_t runs = (uint32_t)j->s->settings->runs;
    uint32_t run = 0;

    j->saved = host_seconds();
    if (cluster_resumes(j->s, j->state_path)) {
        if (!cluster_kmeans_load(j->state_path, j->recipe, &j->k, j->m, f) ||
            !iterate(j, f)) {
            return false;
        }
        run = j->m != NULL ? runs : j->k.run + 1;
    }
    if (j->m != NULL) {
        return run == runs ||
               (cluster_minibatch_begin(j->m, runs, f) && iterate(j, f));
    }
    for (; run < runs; run++) {
        if (!cluster_kmeans_begin(&j->k, run, f) || !iterate(j, f)) {
            return false;
        }
    }
    return true;
}

/* ---- results ------------------------------------------------------------ */

static bool write_results(kmeans_job *j, host_failure *f)
{
    const cluster_settings *o = j->s->settings;
    cJSON *about = cJSON_CreateObject();
    char *path = cluster_path_beside(o->out, ".centres.safetensors", f);
    char *text;
    bool good = path != NULL;

    cJSON_AddStringToObject(about, "method", "kmeans");
    cJSON_AddBoolToObject(about, "normalize", o->normalize);
    cJSON_AddNumberToObject(about, "seed", (double)o->seed);
    cJSON_AddItemToObject(about, "inertia",
                          host_json_number(j->k.best.inertia));
    cJSON_AddNumberToObject(about, "iterations", j->k.best.iterations);
    good = good && cluster_result(j->s, "inertia", j->k.best.inertia, f) &&
           cluster_result(j->s, "iterations", j->k.best.iterations, f) &&
           cluster_ids_write(j->s, &j->x, j->k.best.labels,
                             (uint32_t)o->clusters, about, f);
    text = good ? cluster_json_text(about, f) : NULL;
    good = text != NULL && cluster_centres_write(path, &j->k, text, f);
    cJSON_free(text);
    cJSON_Delete(about);
    free(path);
    if (good) {
        (void)unlink(j->state_path);
    }
    return good;
}

bool cluster_command_kmeans(cluster_session *s, host_failure *f)
{
    kmeans_job j = {.s = s};
    const bool good =
        open_job(&j, f) && run_all(&j, f) &&
        host_agree(host_ranks_rank() != 0 || write_results(&j, f), f);

    close_job(&j);
    return good;
}
