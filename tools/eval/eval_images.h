/* SPDX-License-Identifier: MIT
 *
 * eval_images.h - features of a data set's images, made for one run. */
#ifndef CEDM_TOOLS_EVAL_EVAL_IMAGES_H
#define CEDM_TOOLS_EVAL_EVAL_IMAGES_H

#include "host/files/npy_read.h"
#include "tools/eval/eval_run.h"

typedef enum eval_images_what {
    EVAL_IMAGES_FEATURES,     /* as cedm-embed gives them by default */
    EVAL_IMAGES_PROBABILITIES /* of classes: the softmax of the logits */
} eval_images_what;

/* Rows of the images of a data set, [images][width] of floats, by the model
 * of --model.  They go to a file in the run's state, and on from those that
 * are there.  Memory: what image_rows.h says; the model is closed again when
 * this returns.  On error *npy needs no close. */
bool eval_images_embed(host_npy *npy, const eval_run *run, int operand,
                       eval_images_what what, host_failure *f);

#endif
