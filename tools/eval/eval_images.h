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

/* Rows of the images at `path`, [images][width] of floats, by the model of
 * --model.  Memory: what image_stream.h says, and a batch of images and rows:
 * all rows go to a file in TMPDIR, else /var/tmp, which has no name any more
 * when this returns.  The model is closed again, too.  On error *npy needs no
 * close. */
bool eval_images_embed(host_npy *npy, const eval_run *run, const char *path,
                       eval_images_what what, host_failure *f);

#endif
