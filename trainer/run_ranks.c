/* SPDX-License-Identifier: MIT
 *
 * run_ranks.c - what the ranks of a run tell each other beside gradients. */
#include <string.h>

#include "host/execution/agreement.h"
#include "host/execution/ranks.h"
#include "trainer/run.h"

static const char by_nccl[] = "NCCL on the GPUs";

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
    host_ranks_broadcast(0, by, sizeof by);
    return host_agree(good, f) && host_agree(l->kind->join(l, by, f), f);
}

/* ---- the beginning ------------------------------------------------------- */

bool train_run_share(train_run *r, host_failure *f)
{
    train_learner *l = r->learner;
    uint64_t *counters[] = {&r->seen, &r->updates, &r->tick, &r->tick_start,
                            &r->tick_steps};

    for (int i = 0; i < TRAIN_LEARNER_SETS; i++) {
        host_ranks_broadcast(0, l->sets[i],
                             sizeof(float) *
                                 (i == TRAIN_LEARNER_PARAMS
                                      ? l->training->data_elements
                                      : l->training->trained_elements));
    }
    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++) {
        host_ranks_broadcast(0, counters[i], sizeof *counters[i]);
    }
    host_ranks_broadcast(0, &l->counts, sizeof l->counts);
    host_ranks_broadcast(0, &r->loss_sum, sizeof r->loss_sum);
    host_ranks_broadcast(0, &r->ema_ramp, sizeof r->ema_ramp);
    return host_agree(l->kind->push(l, f), f) &&
           (host_ranks_size() == 1 || join(r, f));
}
