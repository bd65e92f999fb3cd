/* SPDX-License-Identifier: MIT
 *
 * cluster_run.h - one run of cedm-cluster: what was asked for, what to work
 * with, and the commands. */
#ifndef CEDM_TOOLS_CLUSTER_RUN_H
#define CEDM_TOOLS_CLUSTER_RUN_H

#include <cjson/cJSON.h>
#include <signal.h>

#include "cluster/kmeans.h"
#include "cluster/temi.h"
#include "host/cli/progress.h"
#include "host/cli/shard.h"

typedef struct cluster_settings {
    const char *operand; /* the file of score and show */
    const char *features, *out, *labels, *data, *model, *knn, *similarity;
    const char *init_file; /* NULL unless --init names one */
    const char *grid;      /* a list, or "auto" */
    cluster_kmeans_options kmeans;
    cluster_temi_options temi;
    uint64_t clusters, runs, batch, seed, threads, seeds, columns;
    double alpha;
    bool normalize, standardize, resume, json;
    bool by_ranks;    /* the command is shared among ranks */
    host_shard shard; /* of knn: which processes share by files */
    int progress;     /* host_progress_kind */
} cluster_settings;

typedef struct cluster_session {
    const cluster_settings *settings;
    cluster_workers workers;
    cJSON *results;         /* in the order of printing */
    host_progress progress; /* its kind and clock */
    const volatile sig_atomic_t *stop;
} cluster_session;

/* Adds a result: a number that is finite, or a list of them. */
bool cluster_result(cluster_session *s, const char *name, double value,
                    host_failure *f);
bool cluster_result_list(cluster_session *s, const char *name,
                         const double *values, size_t count, host_failure *f);

/* Shows where a run is: names and values side by side, some times a second, on
 * a line that is written over, or each as a JSON object.  Rank 0 shows. */
typedef struct cluster_shown {
    const char *name;
    double value;
} cluster_shown;

void cluster_show_progress(cluster_session *s, const cluster_shown *values,
                           size_t count);

/* False with the exit code of an interrupted run if a signal came to any
 * rank; collective. */
bool cluster_go_on(const cluster_session *s, host_failure *f);

/* Whether it is time to keep what was done: not yet if `seconds` have not
 * passed since *last, which becomes now if they have.  By the clock of rank 0,
 * collective. */
bool cluster_is_due(double *last, double seconds);

/* Whether --resume was given and the file of a state (NULL: there is none) is
 * there.  Rank 0 looks, collective. */
bool cluster_resumes(const cluster_session *s, const char *state_path);

/* ---- commands: read files, write files, add results --------------------- */

typedef bool cluster_command(cluster_session *s, host_failure *f);

cluster_command cluster_command_kmeans; /* kmeans_command.c */
cluster_command cluster_command_knn;    /* knn_command.c */
cluster_command cluster_command_temi;   /* temi_command.c */
cluster_command cluster_command_bound;  /* bound_command.c */
cluster_command cluster_command_score;  /* score_command.c */
cluster_command cluster_command_assign; /* assign_command.c */
cluster_command cluster_command_show;   /* show_command.c */

#endif
