/* SPDX-License-Identifier: MIT
 *
 * run.c - the loop of updates, its ticks and its states. */
#include "trainer/run.h"

#include <math.h>

#include "host/cli/progress.h"
#include "host/execution/agreement.h"
#include "host/execution/ranks.h"
#include "trainer/report.h"

/* ---- an update ---------------------------------------------------------- */

/* What all ranks do after an update. */
typedef struct decision {
    bool stop; /* one of them was asked to */
    bool save; /* the last state is old */
} decision;

/* Rank 0 looks at its clock. */
static bool is_due(const train_run *r)
{
    double minutes = r->options->save;

    return minutes > 0.0 && host_ranks_rank() == 0 &&
           host_seconds() - r->saved_time >= minutes * 60.0;
}

/* Adds what the learner told of losses, of all ranks. */
static decision take_losses(train_run *r, const volatile sig_atomic_t *stop)
{
    double sums[3] = {r->learner->loss, *stop ? 1.0 : 0.0,
                      is_due(r) ? 1.0 : 0.0};

    host_ranks_allreduce(HOST_RANKS_F64, sums, 3);
    r->loss_sum += sums[0];
    return (decision){sums[1] > 0.0, sums[2] > 0.0};
}

/* A rank makes the gradients of its part of the batch, images that follow
 * each other. */
static bool make_gradients(train_run *r, host_failure *f)
{
    const train_options *o = r->options;
    train_learner *l = r->learner;
    uint32_t part = o->batch / host_ranks_size();
    uint64_t first = r->seen + (uint64_t)host_ranks_rank() * part;

    for (uint32_t done = 0; done < part; done += l->batch) {
        train_batch b = train_loader_fill(&r->batch, &r->source, first + done,
                                          l->batch, (uint32_t)r->updates);

        b.share = 1.0 / o->batch;
        b.dropout = (float)o->dropout;
        if (!l->kind->gradient(l, &b, f)) {
            return false;
        }
    }
    return true;
}

/* Ranks agree before and after they wait for each other's gradients. */
static bool update(train_run *r, host_failure *f)
{
    const train_options *o = r->options;
    train_adam_update rates = {.lr = train_run_rate(r),
                               .ema_beta = train_run_ema_beta(r)};

    if (!host_agree(make_gradients(r, f), f) ||
        !host_agree(r->learner->kind->update(r->learner, &rates, f), f)) {
        return false;
    }
    r->updates++;
    if (r->power.elements > 0) {
        train_power_update(&r->power, r->learner->sets[TRAIN_LEARNER_PARAMS],
                           r->updates);
    }
    r->tick_steps++;
    r->seen += o->batch;
    return true;
}

/* ---- a tick ------------------------------------------------------------- */

static bool settle(train_run *r, const volatile sig_atomic_t *stop,
                   host_failure *f)
{
    bool good = host_agree(r->learner->kind->settle(r->learner, f), f);

    (void)take_losses(r, stop);
    return good;
}

/* Rank 0 knows whether training may end early. */
static void share_enough(train_run *r)
{
    r->enough = train_run_is_enough(r);
    host_ranks_broadcast(0, &r->enough, sizeof r->enough);
}

/* Who judges a snapshot does so before its line is written. */
static bool report(train_run *r, bool snapshot,
                   const volatile sig_atomic_t *stop, host_failure *f)
{
    r->judged.distance = (double)NAN;
    return (!snapshot || r->judge == NULL || train_run_judge(r, stop, f)) &&
           train_report_tick(r, f);
}

/* Rank 0 reports and saves, the others wait for it. */
static bool end_tick(train_run *r, const volatile sig_atomic_t *stop,
                     host_failure *f)
{
    bool first = host_ranks_rank() == 0, snapshot, good;

    if (!settle(r, stop, f)) {
        return false;
    }
    r->tick++;
    snapshot =
        r->tick % r->options->snap == 0 || r->seen >= train_run_duration(r);
    good = !first || report(r, snapshot, stop, f);
    r->loss_sum = 0.0;
    r->tick_steps = r->learner->counts.not_finite = 0;
    r->tick_start = r->seen;
    if (first && good && snapshot) {
        good = train_run_save(r, true, f);
    }
    good = host_agree(good, f);
    share_enough(r);
    r->tick_time = host_seconds(); /* saving is not training */
    r->timed_from = r->seen;
    return good;
}

/* A state between ticks. */
static bool save_between(train_run *r, const volatile sig_atomic_t *stop,
                         host_failure *f)
{
    double start = host_seconds();
    bool good =
        settle(r, stop, f) &&
        host_agree(host_ranks_rank() != 0 || train_run_save_between(r, f), f);

    r->tick_time += host_seconds() - start;
    return good;
}

/* ---- the run ------------------------------------------------------------ */

static bool tick_is_over(const train_run *r)
{
    return (double)(r->seen - r->tick_start) >= r->options->tick * 1e3 ||
           r->seen >= train_run_duration(r);
}

/* After an update: a tick, or a state between ticks if that is due. */
static bool follow(train_run *r, const volatile sig_atomic_t *stop,
                   decision d, host_failure *f)
{
    if (tick_is_over(r)) {
        return end_tick(r, stop, f);
    }
    if (host_ranks_rank() == 0) {
        train_report_progress(r);
    }
    return !d.save || d.stop || save_between(r, stop, f);
}

/* The point at which a run was stopped. */
static bool leave(train_run *r, const volatile sig_atomic_t *stop,
                  host_failure *f)
{
    bool first = host_ranks_rank() == 0;

    if (settle(r, stop, f) &&
        host_agree(!first || train_run_save(r, false, f), f)) {
        f->code = HOST_EXIT_INTERRUPTED;
        if (first) {
            train_report_stopped(r);
        }
    }
    return false;
}

bool train_run_train(train_run *r, const volatile sig_atomic_t *stop,
                     host_failure *f)
{
    decision d = {false, false};

    if (!host_agree(host_ranks_rank() != 0 || train_run_begin_files(r, f),
                    f)) {
        return false;
    }
    share_enough(r); /* the run that goes on may have ended so */
    host_ranks_barrier();
    r->start_time = r->tick_time = r->saved_time = host_seconds();
    r->timed_from = r->seen;
    while (r->seen < train_run_duration(r) && !d.stop && !r->enough) {
        if (!update(r, f)) {
            return false;
        }
        d = take_losses(r, stop);
        if (!follow(r, stop, d, f)) {
            return false;
        }
    }
    if (d.stop && r->seen < train_run_duration(r) && !r->enough) {
        return leave(r, stop, f);
    }
    if (host_ranks_rank() == 0) {
        train_report_done(r);
    }
    return true;
}
