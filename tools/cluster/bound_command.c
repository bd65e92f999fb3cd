/* SPDX-License-Identifier: MIT
 *
 * bound_command.c - cedm-cluster bound: TEMI over a grid of clusters, and how
 * many of them it uses.
 *
 * OUT.state holds the recipe in its first line and a line "C seed used" for
 * each training that has ended: --resume goes on with the next. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cluster/bound.h"
#include "cluster/scores.h"
#include "host/cli/args.h"
#include "host/execution/agreement.h"
#include "host/execution/ranks.h"
#include "host/files/json_number.h"
#include "host/files/output.h"
#include "tools/cluster/temi_job.h"

typedef struct bound_job {
    cluster_temi_job temi;
    cluster_bound_point points[CLUSTER_GRID_MAX];
    size_t count;
    char *state_path, *recipe;
    char *done; /* the state's text */
} bound_job;

/* ---- the grid ----------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
    const cluster_bound_point *x = a, *y = b;

    return (x->clusters > y->clusters) - (x->clusters < y->clusters);
}

static bool parse_grid(bound_job *j, const char *text, host_failure *f)
{
    host_args_list list;

    if (!host_args_list_parse("grid", text, &list, f)) {
        return false;
    }
    bool good = (list.count <= CLUSTER_GRID_MAX &&
                 !host_args_list_repeats(&list, UINT64_MAX) &&
                 host_args_list_max(&list) <= 1u << 20) ||
                host_bad_usage(f,
                               "--grid: wanted at most %u different "
                               "numbers up to 2^20, got '%s'",
                               CLUSTER_GRID_MAX, text);

    for (uint64_t i = 0; good && i < list.count; i++) {
        const uint64_t clusters = host_args_list_at(&list, i);

        good =
            clusters > 0 || host_bad_usage(f, "--grid: no clusters at all");
        j->points[j->count++].clusters = (uint32_t)clusters;
    }
    host_args_list_free(&list);
    qsort(j->points, j->count, sizeof *j->points, ascending);
    return good;
}

static bool set_grid(bound_job *j, host_failure *f)
{
    const char *text = j->temi.s->settings->grid;
    uint32_t grid[CLUSTER_GRID_MAX];

    if (strcmp(text, "auto") != 0) {
        return parse_grid(j, text, f);
    }
    j->count = cluster_bound_grid(j->temi.x.rows.count, grid);
    for (size_t i = 0; i < j->count; i++) {
        j->points[i].clusters = grid[i];
    }
    return true;
}

/* ---- what is done ------------------------------------------------------- */

static bool read_state(bound_job *j, host_failure *f)
{
    const size_t length = strlen(j->recipe);
    size_t size = 0;
    unsigned char *bytes = host_input_file(j->state_path, 1u << 20, &size, f);

    if (bytes == NULL) {
        return false;
    }
    const bool good = (size > length && bytes[length] == '\n' &&
                       memcmp(bytes, j->recipe, length) == 0) ||
                      host_fail(f,
                                "%s: of another run; wanted %s; give the "
                                "options that it began with",
                                j->state_path, j->recipe);

    if (good) {
        free(j->done);
        j->done = strndup((const char *)bytes, size);
    }
    free(bytes);
    return good && (j->done != NULL || host_fail(f, "out of memory"));
}

/* The clusters that a training used; false if it has not ended. */
static bool find_done(const bound_job *j, uint32_t clusters, uint32_t seed,
                      uint32_t *used)
{
    char line[64];

    (void)snprintf(line, sizeof line, "\n%" PRIu32 " %" PRIu32 " ", clusters,
                   seed);
    const char *at = strstr(j->done, line);

    return at != NULL && sscanf(at + strlen(line), "%" SCNu32, used) == 1;
}

static bool add_done(bound_job *j, uint32_t clusters, uint32_t seed,
                     uint32_t used, host_failure *f)
{
    const size_t length = strlen(j->done);
    char *longer = realloc(j->done, length + 64);

    if (longer == NULL) {
        return host_fail(f, "out of memory");
    }
    j->done = longer;
    (void)snprintf(longer + length, 64,
                   "%" PRIu32 " %" PRIu32 " %" PRIu32 "\n", clusters, seed,
                   used);
    return host_ranks_rank() != 0 ||
           host_output_file(j->state_path, j->done, strlen(j->done), f);
}

static bool open_state(bound_job *j, host_failure *f)
{
    cJSON *json = cluster_temi_recipe(&j->temi);

    j->recipe = cluster_json_text(json, f);
    cJSON_Delete(json);
    j->state_path =
        cluster_path_beside(j->temi.s->settings->out, ".state", f);
    if (j->recipe == NULL || j->state_path == NULL) {
        return false;
    }
    j->done = malloc(strlen(j->recipe) + 2);
    if (j->done == NULL) {
        return host_fail(f, "out of memory");
    }
    (void)sprintf(j->done, "%s\n", j->recipe);
    return !j->temi.s->settings->resume || access(j->state_path, F_OK) != 0 ||
           host_ranks_rank() != 0 || read_state(j, f);
}

/* What rank 0 has read becomes everybody's. */
static bool share_state(bound_job *j, host_failure *f)
{
    uint64_t size = strlen(j->done) + 1;

    host_ranks_broadcast(0, &size, sizeof size);
    char *text = realloc(j->done, size);

    j->done = text != NULL ? text : j->done;
    if (!host_agree(text != NULL || host_fail(f, "out of memory"), f)) {
        return false;
    }
    host_ranks_broadcast(0, j->done, size);
    return true;
}

/* ---- trainings ---------------------------------------------------------- */

static bool train(bound_job *j, uint32_t clusters, uint32_t seed,
                  uint32_t *used, host_failure *f)
{
    cluster_temi_options options = j->temi.s->settings->temi;
    int32_t *ids = malloc(j->temi.x.rows.count * sizeof *ids);
    cluster_temi t = {0};
    cluster_usage u = {0};
    bool good = host_agree(ids != NULL || host_fail(f, "out of memory"), f);

    options.shape.clusters = clusters;
    options.seed = seed;
    good = good &&
           cluster_temi_train(&j->temi, &t, &options, NULL, NULL, f) &&
           cluster_temi_ids(&j->temi, &t, ids, f) &&
           cluster_usage_of(&u, ids, j->temi.x.rows.count, clusters, f);
    *used = u.used;
    cluster_temi_close(&t);
    free(ids);
    return good;
}

static bool run_all(bound_job *j, host_failure *f)
{
    const cluster_settings *o = j->temi.s->settings;

    for (size_t i = 0; i < j->count; i++) {
        cluster_bound_point *p = &j->points[i];

        for (uint32_t n = 0; n < o->seeds; n++) {
            const uint32_t seed = (uint32_t)o->seed + n;
            uint32_t used = 0;

            if (!find_done(j, p->clusters, seed, &used) &&
                (!train(j, p->clusters, seed, &used, f) ||
                 !host_agree(add_done(j, p->clusters, seed, used, f), f))) {
                return false;
            }
            cluster_bound_add(p, (double)used / p->clusters);
        }
    }
    return true;
}

/* ---- results ------------------------------------------------------------ */

static bool add_lists(bound_job *j, host_failure *f)
{
    double grid[CLUSTER_GRID_MAX], mean[CLUSTER_GRID_MAX];
    double least[CLUSTER_GRID_MAX], most[CLUSTER_GRID_MAX];

    for (size_t i = 0; i < j->count; i++) {
        grid[i] = j->points[i].clusters;
        mean[i] = j->points[i].mean;
        least[i] = j->points[i].least;
        most[i] = j->points[i].most;
    }
    return cluster_result_list(j->temi.s, "grid", grid, j->count, f) &&
           cluster_result_list(j->temi.s, "r_c", mean, j->count, f) &&
           cluster_result_list(j->temi.s, "r_c_least", least, j->count, f) &&
           cluster_result_list(j->temi.s, "r_c_most", most, j->count, f);
}

static bool write_curve(const bound_job *j, host_failure *f)
{
    const cluster_settings *o = j->temi.s->settings;
    const size_t length = strlen(o->out);
    const bool json = length > 5 && strcmp(o->out + length - 5, ".json") == 0;
    char path[4096];
    char *svg = cluster_bound_svg(j->points, j->count, o->alpha);

    (void)snprintf(path, sizeof path, "%.*s.svg",
                   (int)(json ? length - 5 : length), o->out);
    const bool good = (svg != NULL || host_fail(f, "out of memory")) &&
                      host_output_file(path, svg, strlen(svg), f);

    free(svg);
    return good;
}

static bool write_results(bound_job *j, host_failure *f)
{
    cluster_session *s = j->temi.s;
    const cluster_settings *o = s->settings;
    char advice[256];

    if (!cluster_result(s, "c_max",
                        cluster_bound(j->points, j->count, o->alpha), f) ||
        !add_lists(j, f)) {
        return false;
    }
    cluster_bound_advice(j->points, j->count, o->alpha, advice,
                         sizeof advice);
    cJSON_AddStringToObject(s->results, "advice", advice);
    char *text = cJSON_Print(s->results);
    const bool good = (text != NULL || host_fail(f, "out of memory")) &&
                      host_output_file(o->out, text, strlen(text), f) &&
                      write_curve(j, f);

    cJSON_free(text);
    return good;
}

bool cluster_command_bound(cluster_session *s, host_failure *f)
{
    bound_job j = {.count = 0};
    const bool good =
        cluster_temi_job_open(&j.temi, s, f) &&
        host_agree(set_grid(&j, f) && open_state(&j, f), f) &&
        share_state(&j, f) && run_all(&j, f) &&
        host_agree(host_ranks_rank() != 0 || write_results(&j, f), f);

    if (good && host_ranks_rank() == 0) {
        (void)unlink(j.state_path);
    }
    cluster_temi_job_close(&j.temi);
    free(j.state_path);
    free(j.done);
    cJSON_free(j.recipe);
    return good;
}
