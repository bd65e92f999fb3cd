/* SPDX-License-Identifier: MIT
 *
 * run.h - a training run: what it holds, and its life on disk.
 *
 * In the run's folder, NNN being the images seen:
 *   options.json         network and recipe
 *   stats.jsonl          a line for each tick; loss.png draws them
 *   snapshot-NNN.safetensors  the averaged network, what cedm-freeze takes
 *   state-NNN.safetensors     everything that --resume needs
 *   grid-NNN.png         images drawn by the snapshot
 * All but stats.jsonl appear whole or not at all.  A state is written after
 * its snapshot: the newest state has all the files of its point. */
#ifndef CEDM_TRAINER_RUN_H
#define CEDM_TRAINER_RUN_H

#include <signal.h>

#include "batch.h"
#include "learner_cuda.h"
#include "model_file.h"
#include "pool.h"
#include "train_options.h"

typedef struct run {
    const train_options *options;
    char *config, *recipe; /* JSON */
    char *ids, *freq;      /* JSON of the clusters, or NULL */
    host_dataset data;
    clusters clusters;
    pool *pool;
    cuda_library library; /* open if device is a GPU */
    device_choice device;
    enum cedm_cuda_precision precision;
    model_file *model;
    learner *learner;
    const char *sums; /* who adds up the gradients of ranks */
    batch_source source;
    batch batch;

    uint64_t seen;   /* images */
    uint64_t updates; /* begun: draws are keyed by their number */
    bool ema_ramp;   /* the average's half-life grows; not after --transfer */
    /* since the last tick */
    uint64_t tick, tick_start;
    uint64_t tick_steps;
    double loss_sum; /* of the steps' mean losses */
    double tick_time, start_time; /* of the clock, for speeds */
} run;

/* Reads the data, builds the network, restores the state with --resume.
 * False on error; run_close in any case. */
bool run_open(run *r, const train_options *options, failure *f);
void run_close(run *r);

/* Prints what will be trained and how much memory it takes. */
void run_describe(const run *r);

/* Trains until the duration is reached or *stop is set; then the state is
 * saved, and an interrupted run fails with EXIT_INTERRUPTED. */
bool run_train(run *r, const volatile sig_atomic_t *stop, failure *f);

/* ---- its data (run_data.c) ---------------------------------------------- */

/* Reads the images by the pool's threads, shows how far that is, and says on
 * stderr what was left out or changed. */
bool run_read_data(run *r, uint32_t threads, failure *f);

/* ---- among ranks (run_ranks.c) ------------------------------------------ */

/* True if every rank is good.  If not, the failure stays with those that
 * say it: rank 0 if it failed, or all that did; the text of others is "". */
bool run_agree(bool good, failure *f);

/* Gives the others what rank 0 begins with: parameters, moments, average and
 * counters; then all learners take it over, and join each other if they can. */
bool run_share(run *r, failure *f);

/* ---- on disk (run_save.c, run_files.c) ---------------------------------- */

/* Snapshot, grid, then state of the present point, of a learner that has
 * settled; old ones beyond --keep are removed.  Who interrupts a run does not
 * wait for a grid. */
bool run_save(run *r, bool grid, failure *f);

/* Restores m, v, average and counters from a state file whose parameters
 * are the network's. */
bool run_restore(run *r, const cg_file *state, failure *f);

/* Appends a line to stats.jsonl. */
bool run_append_stats(const run *r, const char *line, failure *f);

/* Draws them as loss.png. */
bool run_draw_stats(const run *r, failure *f);

/* Removes the lines of stats.jsonl from after the present point. */
bool run_cut_stats(const run *r, failure *f);

/* The newest state file of a folder, to be freed; NULL if there is none. */
bool run_newest_state(const char *folder, char **path, failure *f);

/* folder/kind-NNN.suffix */
void run_path(const run *r, const char *kind, const char *suffix, char *path,
              size_t size);

/* Removes all but the newest `keep` points. */
void run_prune(const char *folder, uint32_t keep);

#endif
