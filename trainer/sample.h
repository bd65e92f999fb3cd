/* SPDX-License-Identifier: MIT
 *
 * sample.h - images that the network draws so far. */
#ifndef CEDM_TRAINER_SAMPLE_H
#define CEDM_TRAINER_SAMPLE_H

#include "host/cli/failure.h"
#include "trainer/learner.h"

typedef enum train_sample_solver {
    TRAIN_SAMPLE_HEUN, /* [EDM]; 2 steps - 1 evaluations */
    TRAIN_SAMPLE_IPNDM /* of order 3 [PNDM] [DEIS]; an evaluation a step */
} train_sample_solver;

typedef struct train_sample_plan {
    uint32_t count; /* images */
    uint32_t steps; /* noise levels [EDM] above 0 */
    uint32_t seed;
    train_sample_solver solver;
    const int32_t *clusters; /* [count]; NULL: i mod label_dim */
} train_sample_plan;

/* Takes images first .. first + n - 1, [n][H][W][C].  False ends the
 * drawing. */
typedef bool train_sample_take(void *self, uint32_t first, uint32_t n,
                               const uint8_t *images, host_failure *f);

/* Draws with the network's present parameters.  The noise of image i is the
 * same for every state of the network. */
bool train_sample_draw(train_learner *l, const train_sample_plan *plan,
                       train_sample_take *take, void *self, host_failure *f);

/* Draws columns x columns images and writes them as one PNG. */
bool train_sample_grid(train_learner *l, uint32_t columns, uint32_t steps,
                       uint32_t seed, const char *path, host_failure *f);

#endif
