/* SPDX-License-Identifier: MIT
 *
 * cluster_run.c - results, progress and state of a run. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "host/execution/ranks.h"
#include "host/files/json_number.h"
#include "tools/cluster/cluster_run.h"

#define INTERVAL 0.2 /* seconds; more often is no use to an eye */

bool cluster_result(cluster_session *s, const char *name, double value,
                    host_failure *f)
{
    cJSON *number = isfinite(value) ? host_json_number(value) : NULL;

    if (number == NULL || !cJSON_AddItemToObject(s->results, name, number)) {
        cJSON_Delete(number);
        return host_fail(f, "%s: no result: not finite, or out of memory",
                         name);
    }
    return true;
}

bool cluster_result_list(cluster_session *s, const char *name,
                         const double *values, size_t count, host_failure *f)
{
    cJSON *list = cJSON_AddArrayToObject(s->results, name);
    bool good = list != NULL;

    for (size_t i = 0; good && i < count; i++) {
        cJSON *number = host_json_number(values[i]);

        good = number != NULL && cJSON_AddItemToArray(list, number);
    }
    return good || host_fail(f, "%s: out of memory", name);
}

static void show_bar(const cluster_shown *values, size_t count)
{
    fputs("\r", stderr);
    for (size_t i = 0; i < count; i++) {
        fprintf(stderr, "%s%s %.6g", i > 0 ? "  " : "", values[i].name,
                values[i].value);
    }
    fputs("\033[K", stderr);
    fflush(stderr);
}

static void show_json(const cluster_shown *values, size_t count, double now)
{
    fputs("{", stderr);
    for (size_t i = 0; i < count; i++) {
        fprintf(stderr, "\"%s\": %.9g, ", values[i].name, values[i].value);
    }
    fprintf(stderr, "\"seconds\": %.3f}\n", now);
}

void cluster_show_progress(cluster_session *s, const cluster_shown *values,
                           size_t count)
{
    const double now = host_seconds() - s->progress.start;

    if (s->progress.kind == HOST_PROGRESS_NONE || host_ranks_rank() != 0 ||
        now - s->progress.shown < INTERVAL) {
        return;
    }
    s->progress.shown = now;
    if (s->progress.kind == HOST_PROGRESS_JSON) {
        show_json(values, count, now);
    } else {
        show_bar(values, count);
    }
}

bool cluster_go_on(const cluster_session *s, host_failure *f)
{
    double stops = *s->stop == 0 ? 0.0 : 1.0;

    host_ranks_allreduce(HOST_RANKS_F64, &stops, 1);
    if (stops == 0.0) {
        return true;
    }
    f->code = HOST_EXIT_INTERRUPTED;
    return false;
}

bool cluster_is_due(double *last, double seconds)
{
    const double now = host_seconds();
    bool due = now - *last >= seconds;

    host_ranks_broadcast(0, &due, sizeof due);
    if (due) {
        *last = now;
    }
    return due;
}

bool cluster_resumes(const cluster_session *s, const char *state_path)
{
    bool resumes = state_path != NULL && s->settings->resume &&
                   access(state_path, F_OK) == 0;

    host_ranks_broadcast(0, &resumes, sizeof resumes);
    return resumes;
}
