/* SPDX-License-Identifier: MIT
 *
 * purposes.h - what the random numbers of training are for: purposes of the
 * keys of host/random/random.h, none of which means two things.  Those of
 * clustering begin at 0x100. */
#ifndef CEDM_TRAINER_PURPOSES_H
#define CEDM_TRAINER_PURPOSES_H

#include "host/random/random.h"

enum train_draw {
    TRAIN_DRAW_INIT,
    TRAIN_DRAW_SIGMA = HOST_RANDOM_ORDER + 1,
    TRAIN_DRAW_NOISE,
    TRAIN_DRAW_AUGMENT,
    TRAIN_DRAW_UNCOND,
    TRAIN_DRAW_SAMPLE,
    TRAIN_DRAW_DROPOUT /* and as many of the following as there are layers */
};

#endif
