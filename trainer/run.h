/* SPDX-License-Identifier: MIT
 *
 * run.h - a training run: what it holds, and its life on disk.
 *
 * In the run's folder, NNN being the images seen:
 *   options.json         network and recipe
 *   stats.jsonl          a line for each tick; loss.png and fd.png draw them
 *   snapshot-NNN.safetensors  the averaged network, what cedm-freeze takes
 *   state-NNN.safetensors     everything that --resume needs
 *   grid-NNN.png         images drawn by the snapshot
 *   averages-NNN.safetensors  those that others are made of afterwards
 * All but stats.jsonl appear whole or not at all, states and snapshots also
 * if the power fails.  A state is written after its snapshot: the newest state
 * has all the files of its point, or is one between ticks, which has no other
 * files and gives way to the next. */
#ifndef CEDM_TRAINER_RUN_H
#define CEDM_TRAINER_RUN_H

#include <signal.h>

#include "trainer/judge.h"
#include "trainer/loader.h"
#include "trainer/learner_cuda.h"
#include "trainer/model_file.h"
#include "trainer/power.h"
#include "host/execution/pool.h"
#include "host/files/lock.h"
#include "trainer/train_options.h"

/* What the judge said of a run's snapshots. */
typedef struct train_judged {
    uint32_t count;
    uint32_t worse; /* since the best */
    double best;    /* distance */
    uint64_t best_seen;
    double distance; /* of the present tick; NAN: it was not judged */
} train_judged;

typedef struct train_run {
    const train_options *options;
    char *config, *recipe; /* JSON */
    char *ids, *freq;      /* JSON of the clusters, or NULL */
    char *ids_source;      /* JSON of how they were made, or NULL */
    char *data_json;       /* of rank 0 */
    host_lock lock;        /* of the folder */
    host_dataset data;
    host_clusters clusters;
    host_pool *pool;
    host_cuda_library library; /* open if device is a GPU */
    host_device_choice device;
    enum cedm_cuda_precision precision;
    train_model_file *model;
    train_learner *learner;
    train_power power;        /* of rank 0, with --posthoc-ema */
    const train_judge *judge; /* of rank 0, set after opening; NULL: none */
    char transferred[900];    /* what --transfer took, in words */
    const char *sums;         /* who adds up the gradients of ranks */
    train_source source;
    train_loader batch;

    uint64_t seen;    /* images */
    uint64_t updates; /* begun: draws are keyed by their number */
    bool ema_ramp; /* the average's half-life grows; not after --transfer */
    /* since the last tick */
    uint64_t tick, tick_start;
    uint64_t tick_steps;
    double loss_sum;              /* of the steps' mean losses */
    double tick_time, start_time; /* of the clock, for speeds */
    uint64_t timed_from;          /* images at tick_time, in this process */

    train_judged judged; /* of rank 0 */
    bool enough;         /* --early-stop has come */

    double saved_time; /* of the last state */
    uint64_t between;  /* images of a state between ticks, 0: there is none */
    double shown;      /* when progress was, 0: never */
    unsigned line;     /* characters of it on the terminal */
} train_run;

/* Reads the data, builds the network, restores the state with --resume.
 * False on error; train_run_close in any case. */
bool train_run_open(train_run *r, const train_options *options,
                    host_failure *f);
void train_run_close(train_run *r);

/* Images of the whole run; the present learning rate, and what the average
 * keeps of itself in an update (run_rates.c). */
uint64_t train_run_duration(const train_run *r);
double train_run_rate(const train_run *r);
double train_run_ema_beta(const train_run *r);

/* Begins the run's files and trains until the duration is reached, --early-stop
 * has come or *stop is set; then the state is saved, and an interrupted run
 * fails with HOST_EXIT_INTERRUPTED. */
bool train_run_train(train_run *r, const volatile sig_atomic_t *stop,
                     host_failure *f);

/* ---- its data (run_data.c) ---------------------------------------------- */

/* Reads the images by the pool's threads, shows how far that is, and says on
 * stderr what was left out or changed. */
bool train_run_read_data(train_run *r, uint32_t threads, host_failure *f);

/* ---- among ranks (run_ranks.c) ------------------------------------------ */

/* Gives the others what rank 0 begins with: parameters, moments, average and
 * counters; then all learners take it over, and join each other if they can. */
bool train_run_share(train_run *r, host_failure *f);

/* ---- on disk: the folder (run_folder.c) --------------------------------- */

/* Locks the folder if it is there.  A new run begins in a folder that has none
 * of a run's files; none lies in the folder of its images. */
bool train_run_enter(train_run *r, host_failure *f);

/* With --resume opens the newest state; if it is damaged, the failure names the
 * newest one that is not.  NULL for a new run. */
bool train_run_find_state(const train_run *r, cg_file **state,
                          host_failure *f);

/* Makes and locks the folder if there was none, writes options.json, removes
 * averages and lines of stats.jsonl from after the present point. */
bool train_run_begin_files(train_run *r, host_failure *f);

/* ---- a point (run_save.c, run_restore.c) -------------------------------- */

/* Snapshot, averages, grid, then state of the present point, of a learner that
 * has settled; old ones beyond --keep are removed, but for the averages, all of
 * which go into those that are made afterwards.  Who interrupts a run does not
 * wait for a grid. */
bool train_run_save(train_run *r, bool grid, host_failure *f);

/* Only the state, for less loss if the run is killed.  The next one of either
 * kind takes its place. */
bool train_run_save_between(train_run *r, host_failure *f);

/* Whether a state is of the same network. */
bool train_run_check_config(const train_run *r, const cg_file *state,
                            host_failure *f);

/* Restores m, v, average and counters from a state whose parameters are the
 * network's.  Refused are another recipe, counters that disagree, and other
 * data unless --new-data is given. */
bool train_run_restore(train_run *r, const cg_file *state, host_failure *f);

/* Goes on where the checkpoint of --transfer is, if that is a training state of
 * EDM: moments of Adam, images seen, and the average of
 * network-snapshot-KIMG.pkl beside training-state-KIMG.pt; says so in
 * transferred.  Other checkpoints, and moments of another network, leave a run
 * that begins (run_transfer.c). */
bool train_run_take_training(train_run *r, const cg_file *from,
                             host_failure *f);

/* ---- where it is (run_counters.c) --------------------------------------- */

/* The counters of a state as JSON, to be freed; NULL without memory. */
char *train_run_counters_write(const train_run *r);

/* Takes them over, also into the learner.  False if the text is something else
 * or they disagree with each other and the batch; errno is ENOMEM if memory is
 * what is missing. */
bool train_run_counters_read(train_run *r, const char *text);

/* ---- images (run_draw.c) ------------------------------------------------ */

/* Draws grid-NNN.png by the average of a learner that was pulled. */
bool train_run_draw_grid(train_run *r, host_failure *f);

/* Lets the judge see images of the average; judged.distance is what it says,
 * or NAN if *stop was set meanwhile. */
bool train_run_judge(train_run *r, const volatile sig_atomic_t *stop,
                     host_failure *f);

/* ---- statistics (run_stats.c) ------------------------------------------- */

/* Appends a line to stats.jsonl. */
bool train_run_append_stats(const train_run *r, const char *line,
                            host_failure *f);

/* Draws them as loss.png and fd.png. */
bool train_run_draw_stats(const train_run *r, host_failure *f);

/* Removes the lines of stats.jsonl from after the present point. */
bool train_run_cut_stats(const train_run *r, host_failure *f);

/* Takes a distance into account, and those of all lines. */
void train_run_note_distance(train_run *r, uint64_t seen, double distance);
bool train_run_recall_distances(train_run *r, host_failure *f);

/* Whether --early-stop snapshots in a row were no better than the best. */
bool train_run_is_enough(const train_run *r);

/* ---- files (run_files.c) ------------------------------------------------ */

/* The number in kind-NNN.suffix, or -1 if the name is another. */
int64_t train_run_number(const char *name, const char *kind,
                         const char *suffix);

/* The largest number below `under` of a kind of file in a folder, -1 if there
 * is none; a folder that does not exist has none. */
bool train_run_newest(const char *folder, const char *kind,
                      const char *suffix, int64_t under, int64_t *number,
                      host_failure *f);

/* folder/kind-NNN.suffix of another point, and of the present one */
void train_run_path_at(const train_run *r, const char *kind,
                       const char *suffix, uint64_t seen, char *path,
                       size_t size);
void train_run_path(const train_run *r, const char *kind, const char *suffix,
                    char *path, size_t size);

/* Removes all but the newest `keep` points. */
void train_run_prune(const char *folder, uint32_t keep);

#endif
