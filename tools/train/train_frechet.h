/* SPDX-License-Identifier: MIT
 *
 * train_frechet.h - judges images by the Frechet distance of their features to
 * those of real ones. */
#ifndef CEDM_TOOLS_TRAIN_TRAIN_FRECHET_H
#define CEDM_TOOLS_TRAIN_TRAIN_FRECHET_H

#include "evaluate/gaussian.h"
#include "host/execution/engine.h"
#include "tools/train/train_eval.h"
#include "trainer/judge.h"

typedef struct train_frechet {
    train_judge judge; /* what a run takes */

    host_model model; /* private: the encoder */
    host_engine engine;
    evaluate_threads threads;
    evaluate_gaussian real;
    evaluate_moments *sums;
    const char *encoder, *statistics; /* paths */
    uint32_t pixels, channels;        /* of an image, and its channels */
    uint8_t *images;                  /* a batch, as the encoder takes it */
    float *features;                  /* of a batch */
} train_frechet;

typedef struct train_frechet_images {
    uint32_t size, channels; /* of what is judged */
    uint32_t threads;
} train_frechet_images;

/* Opens encoder and statistics; the encoder must take squares of that size, of
 * as many channels, or of three where images are grey.  e outlives *j, which
 * must not be moved.  Close it on error, too. */
bool train_frechet_open(train_frechet *j, const train_eval *e,
                        const train_frechet_images *images, host_failure *f);
void train_frechet_close(train_frechet *j); /* harmless on a zeroed one */

#endif
