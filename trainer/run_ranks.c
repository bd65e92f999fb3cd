/* SPDX-License-Identifier: MIT
 *
 * run_ranks.c - what the ranks of a run tell each other beside gradients. */
#include "ranks.h"
#include "run.h"

bool run_agree(bool good, failure *f)
{
    bool first = ranks_rank() == 0;
    double bad[2] = {good ? 0.0 : 1.0, good || !first ? 0.0 : 1.0};

    ranks_allreduce(RANKS_F64, bad, 2);
    if (bad[0] > 0.0 && (good || (bad[1] > 0.0 && !first))) {
        f->code = good ? EXIT_FAILED : f->code;
        f->text[0] = '\0';
    }
    return bad[0] == 0.0;
}

bool run_share(run *r, failure *f)
{
    learner *l = r->learner;
    uint64_t *counters[] = {&r->seen, &r->updates, &r->tick, &r->tick_start,
                            &r->tick_steps};

    for (int i = 0; i < LEARNER_SETS; i++) {
        ranks_broadcast(l->sets[i], sizeof(float) *
                        (i == LEARNER_PARAMS ? l->training->data_elements
                                             : l->training->trained_elements));
    }
    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++) {
        ranks_broadcast(counters[i], sizeof *counters[i]);
    }
    ranks_broadcast(&l->counts, sizeof l->counts);
    ranks_broadcast(&r->loss_sum, sizeof r->loss_sum);
    ranks_broadcast(&r->ema_ramp, sizeof r->ema_ramp);
    return run_agree(l->kind->push(l, f), f);
}
