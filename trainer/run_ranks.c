/* SPDX-License-Identifier: MIT
 *
 * run_ranks.c - what the ranks of a run tell each other beside gradients. */
#include <string.h>

#include "host/cli/shard.h"
#include "host/execution/ranks.h"
#include "trainer/run.h"

static const char by_nccl[] = "NCCL on the GPUs";

bool train_run_agree(bool good, host_failure *f)
{
    bool first = host_ranks_rank() == 0;
    double bad[2] = {good ? 0.0 : 1.0, good || !first ? 0.0 : 1.0};

    host_ranks_allreduce(HOST_RANKS_F64, bad, 2);
    if (bad[0] > 0.0 && (good || (bad[1] > 0.0 && !first))) {
        f->code = good ? HOST_EXIT_FAILED : f->code;
        f->text[0] = '\0';
    }
    return bad[0] == 0.0;
}

bool train_run_check_launcher(host_failure *f)
{
    host_shard place = HOST_SHARD_WHOLE;

    if (host_ranks_size() > 1) {
        return true;
    }
    if (!host_shard_from_environment(&place, f)) {
        return false;
    }
    if (place.size > 1) {
        (void)host_fail(f,
                        "%s started %u processes, but this program %s; start "
                        "one process",
                        place.launcher, place.size, host_ranks_kind());
        if (place.rank > 0) {
            f->text[0] = '\0'; /* rank 0 says it */
        }
        return false;
    }
    return true;
}

/* ---- GPUs that add up gradients ------------------------------------------ */

/* A rank's device, as all know it once it told. */
typedef struct peer {
    bool able;
    unsigned char uuid[TRAIN_LEARNER_UUID];
} peer;

static peer hear(const peer *mine, uint32_t rank)
{
    double told[1 + TRAIN_LEARNER_UUID] = {0.0};
    peer other = {0};

    for (uint32_t i = 0; rank == host_ranks_rank() && i < TRAIN_LEARNER_UUID;
         i++) {
        told[i] = mine->uuid[i];
        told[TRAIN_LEARNER_UUID] = mine->able ? 1.0 : 0.0;
    }
    host_ranks_allreduce(HOST_RANKS_F64, told, 1 + TRAIN_LEARNER_UUID);
    for (uint32_t i = 0; i < TRAIN_LEARNER_UUID; i++) {
        other.uuid[i] = (unsigned char)told[i];
    }
    other.able = told[TRAIN_LEARNER_UUID] > 0.0;
    return other;
}

/* NCCL wants a device of its own for every rank. */
static const char *choose_sums(const train_learner *l)
{
    double unable = 0.0, shared = 0.0;
    peer mine = {0};

    if (l->kind->peer != NULL) {
        mine.able = l->kind->peer(l, mine.uuid);
    }
    for (uint32_t rank = 0; rank < host_ranks_size(); rank++) {
        peer other = hear(&mine, rank);

        unable += other.able ? 0.0 : 1.0;
        shared += rank != host_ranks_rank() && memcmp(mine.uuid, other.uuid,
                                                      TRAIN_LEARNER_UUID) == 0
                      ? 1.0
                      : 0.0;
    }
    host_ranks_allreduce(HOST_RANKS_F64, &shared, 1);
    return l->kind->peer == NULL ? "MPI"
           : unable > 0.0        ? "MPI on the host: a rank is without NCCL"
           : shared > 0.0        ? "MPI on the host: ranks share a GPU"
                                 : by_nccl;
}

/* Collective, so that a rank that fails takes part. */
static bool join(train_run *r, host_failure *f)
{
    train_learner *l = r->learner;
    unsigned char by[TRAIN_LEARNER_INVITATION] = {0};
    bool good = true;

    r->sums = choose_sums(l);
    if (r->sums != by_nccl) {
        return true;
    }
    if (host_ranks_rank() == 0) {
        good = l->kind->invite(l, by, f);
    }
    host_ranks_broadcast(by, sizeof by);
    return train_run_agree(good, f) &&
           train_run_agree(l->kind->join(l, by, f), f);
}

/* ---- the beginning ------------------------------------------------------- */

bool train_run_share(train_run *r, host_failure *f)
{
    train_learner *l = r->learner;
    uint64_t *counters[] = {&r->seen, &r->updates, &r->tick, &r->tick_start,
                            &r->tick_steps};

    for (int i = 0; i < TRAIN_LEARNER_SETS; i++) {
        host_ranks_broadcast(l->sets[i],
                             sizeof(float) *
                                 (i == TRAIN_LEARNER_PARAMS
                                      ? l->training->data_elements
                                      : l->training->trained_elements));
    }
    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++) {
        host_ranks_broadcast(counters[i], sizeof *counters[i]);
    }
    host_ranks_broadcast(&l->counts, sizeof l->counts);
    host_ranks_broadcast(&r->loss_sum, sizeof r->loss_sum);
    host_ranks_broadcast(&r->ema_ramp, sizeof r->ema_ramp);
    return train_run_agree(l->kind->push(l, f), f) &&
           (host_ranks_size() == 1 || join(r, f));
}
