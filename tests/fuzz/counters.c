/* SPDX-License-Identifier: MIT
 *
 * counters.c - fuzz target of where a training run is, in its states.
 *
 * An input is the images of an update, 1 to 256, and a text.  It is refused, or
 * gives counters that agree, rates within their range, and a text that gives
 * the same counters again. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "trainer/run.h"
#include "tests/fuzz/want.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_same(const train_run *a, const train_run *b)
{
    const train_learner_counts *x = &a->learner->counts,
                               *y = &b->learner->counts;
    want(a->seen == b->seen && a->updates == b->updates);
    want(a->tick == b->tick && a->tick_start == b->tick_start);
    want(a->tick_steps == b->tick_steps && a->ema_ramp == b->ema_ramp);
    want(a->loss_sum == b->loss_sum ||
         (isnan(a->loss_sum) && isnan(b->loss_sum)));
    want(x->updates == y->updates && x->skipped == y->skipped);
    want(x->good == y->good && x->not_finite == y->not_finite);
    want(memcmp(&x->scale, &y->scale, sizeof x->scale) == 0);
}

static void check_counters(const train_run *r)
{
    const train_options *o = r->options;
    double rate = train_run_rate(r), beta = train_run_ema_beta(r);
    want(r->seen == r->updates * o->batch && r->updates > 0);
    want(r->learner->counts.updates <= r->updates);
    want(rate >= 0 && rate <= o->lr);
    want(beta >= 0 && beta <= 1);

    train_learner learner = {.kind = NULL};
    train_run again = {.options = o, .learner = &learner};
    char *text = train_run_counters_write(r);
    want(text != NULL && train_run_counters_read(&again, text));
    check_same(r, &again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const train_options options = {
        .batch = bytes[0] + 1u, .lr = 1e-3, .lr_rampup = 10, .ema = 0.5};
    train_learner learner = {.kind = NULL};
    train_run r = {.options = &options, .learner = &learner};
    char *text = malloc(size);
    want(text != NULL);
    memcpy(text, bytes + 1, size - 1);
    text[size - 1] = '\0';
    if (train_run_counters_read(&r, text)) {
        check_counters(&r);
    }
    free(text);
    return 0;
}
