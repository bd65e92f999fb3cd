/* SPDX-License-Identifier: MIT
 *
 * adam.h - the optimiser [ADAM], the learning rate's ramp, and the moving
 * average of the parameters that becomes the model [EDM]. */
#ifndef CEDM_TRAINER_ADAM_H
#define CEDM_TRAINER_ADAM_H

#include "cedm_model.h"

typedef struct train_adam {
    uint64_t elements;
    float *params, *grads; /* of the network */
    float *m, *v, *ema;
    uint64_t updates; /* done so far */
    cedm_parallel_for *parallel_for;
    void *pool;
    uint32_t workers;
} train_adam;

/* What one update takes. */
typedef struct train_adam_update {
    double lr;
    double ema_beta; /* share of the average that stays */
} train_adam_update;

/* The rate when `seen` images were seen: it grows from 0 over rampup. */
double train_adam_rate(double lr, double rampup, double seen);

/* 0.5^(batch / halflife), the half-life being at most 0.05 seen with ramp. */
double train_adam_ema_beta(double halflife, double seen, double batch,
                           int ramp);

/* One update.  Gradients that are not finite count as 0 (NaN) or 1e5 with
 * their sign [EDM]; returns how many there were. */
uint64_t train_adam_step(train_adam *a, const train_adam_update *update);

#endif
