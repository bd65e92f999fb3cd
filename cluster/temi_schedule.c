/* SPDX-License-Identifier: MIT
 *
 * temi_schedule.c - what changes from step to step, as in [DINO]. */
#include <math.h>

#include "cluster/temi.h"

#define PI 3.14159265358979323846

double cluster_schedule(double base, double last, uint64_t warmup,
                        uint64_t steps, uint64_t step)
{
    if (step < warmup) {
        /* Of one step only 0 is taken. */
        return warmup == 1 ? 0.0
                           : base * ((double)step / (double)(warmup - 1));
    }
    const double share = (double)(step - warmup) / (double)(steps - warmup);

    return last + 0.5 * (base - last) * (1.0 + cos(PI * share));
}

cluster_temi_rates cluster_temi_rates_at(const cluster_temi_options *o,
                                         uint64_t steps_per_epoch,
                                         uint64_t step)
{
    const uint64_t steps = o->epochs * steps_per_epoch;
    const uint64_t epoch = step / steps_per_epoch;
    const double scale = o->batch / 256.0;
    const double from = o->teacher_temperature[0];
    const double to = o->teacher_temperature[1];
    cluster_temi_rates r = {.frozen = epoch < o->frozen};

    r.rate = cluster_schedule(o->rate[0] * scale, o->rate[1] * scale,
                              o->warmup * steps_per_epoch, steps, step);
    r.momentum =
        cluster_schedule(o->momentum[0], o->momentum[1], 0, steps, step);
    r.teacher_temperature = to;
    if (epoch < o->teacher_epochs) {
        r.teacher_temperature = from + (to - from) * (double)epoch /
                                           fmax(o->teacher_epochs - 1.0, 1.0);
    }
    return r;
}
