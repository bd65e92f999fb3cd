/* SPDX-License-Identifier: MIT
 *
 * temi_command.c - cedm-cluster temi. */
#include <stdlib.h>
#include <unistd.h>

#include "host/execution/agreement.h"
#include "host/execution/ranks.h"
#include "host/files/json_number.h"
#include "tools/cluster/heads_write.h"
#include "tools/cluster/temi_job.h"

static char *make_recipe(const cluster_temi_job *j, host_failure *f)
{
    const cluster_temi_options *o = &j->s->settings->temi;
    cJSON *json = cluster_temi_recipe(j);
    char *text;

    cJSON_AddNumberToObject(json, "clusters", o->shape.clusters);
    cJSON_AddNumberToObject(json, "seed", o->seed);
    text = cluster_json_text(json, f);
    cJSON_Delete(json);
    return text;
}

/* Ids, what is known of them, and the heads. */
static bool write_all(cluster_temi_job *j, const cluster_temi *t,
                      const int32_t *ids, const char *heads_path,
                      host_failure *f)
{
    const uint32_t clusters = t->options.shape.clusters;
    cJSON *about = cluster_temi_recipe(j);
    char *text;
    bool good;

    cJSON_DeleteItemFromObject(about, "features"); /* ids_write adds it */
    cJSON_AddNumberToObject(about, "seed", t->options.seed);
    cJSON_AddItemToObject(about, "head_loss",
                          host_json_number(t->epoch_loss[t->best]));
    good = cluster_result(j->s, "loss", t->epoch_loss[t->best], f) &&
           cluster_result(j->s, "head", t->best, f) &&
           cluster_ids_write(j->s, &j->x, ids, clusters, about, f);
    text = good ? cluster_json_text(about, f) : NULL;
    good = text != NULL &&
           cluster_heads_write(heads_path, t, j->mean, j->deviation, text, f);
    cJSON_free(text);
    cJSON_Delete(about);
    return good;
}

static bool write_results(cluster_temi_job *j, cluster_temi *t,
                          host_failure *f)
{
    int32_t *ids = malloc(j->x.rows.count * sizeof *ids);
    char *path =
        cluster_path_beside(j->s->settings->out, ".heads.safetensors", f);
    const bool good =
        host_agree(path != NULL &&
                       (ids != NULL || host_fail(f, "out of memory")),
                   f) &&
        cluster_temi_ids(j, t, ids, f) &&
        host_agree(host_ranks_rank() != 0 || write_all(j, t, ids, path, f),
                   f);

    free(ids);
    free(path);
    return good;
}

bool cluster_command_temi(cluster_session *s, host_failure *f)
{
    cluster_temi_job j;
    cluster_temi t = {0};
    bool good = cluster_temi_job_open(&j, s, f);
    char *recipe = good ? make_recipe(&j, f) : NULL;
    char *path =
        good ? cluster_path_beside(s->settings->out, ".state", f) : NULL;

    good = host_agree(recipe != NULL && path != NULL, f) &&
           cluster_temi_train(&j, &t, &s->settings->temi, path, recipe, f) &&
           write_results(&j, &t, f);
    if (good && host_ranks_rank() == 0) {
        (void)unlink(path);
    }
    cluster_temi_close(&t);
    cluster_temi_job_close(&j);
    cJSON_free(recipe);
    free(path);
    return good;
}
