/* SPDX-License-Identifier: MIT
 *
 * run_rates.c - what the options of a run mean at its present point: images,
 * not millions of them. */
#include <math.h>

#include "trainer/run.h"

static double images(double millions)
{
    return millions * 1e6;
}

uint64_t train_run_duration(const train_run *r)
{
    return (uint64_t)ceil(images(r->options->duration));
}

double train_run_rate(const train_run *r)
{
    const train_options *o = r->options;

    return train_adam_rate(o->lr, images(o->lr_rampup), (double)r->seen);
}

double train_run_ema_beta(const train_run *r)
{
    const train_options *o = r->options;

    return train_adam_ema_beta(images(o->ema), (double)r->seen, o->batch,
                               r->ema_ramp);
}
