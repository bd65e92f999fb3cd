/* SPDX-License-Identifier: MIT
 *
 * augment.h - the geometric augmentation of training images, and the labels
 * that tell the network about it [EDM]. */
#ifndef CEDM_TRAINER_AUGMENT_H
#define CEDM_TRAINER_AUGMENT_H

#include <stddef.h>
#include <stdint.h>

#define TRAIN_AUGMENT_LABELS 9u

/* 0: not applied.  Angles in radians, the others in standard deviations. */
typedef struct train_augment_params {
    double xflip, yflip; /* 0 or 1 */
    double scale, rotate, aniso, aniso_angle;
    double translate_x, translate_y;
} train_augment_params;

/* Each is applied with probability p, but the horizontal flip to half of the
 * images; p = 0 applies nothing. */
void train_augment_draw(train_augment_params *params, double p, uint32_t seed,
                        uint32_t step, uint64_t image);

void train_augment_labels(const train_augment_params *params,
                          float labels[TRAIN_AUGMENT_LABELS]);

/* Pixels by which images are extended on the left, top, right and bottom:
 * as many as the widest of them needs. */
void train_augment_margins(const train_augment_params *params, uint32_t n,
                           uint32_t size, uint32_t margins[4]);

/* Floats of scratch that an image needs at most. */
size_t train_augment_scratch(uint32_t size, uint32_t channels);

/* Changes an image [size][size][channels] in place. */
void train_augment_image(const train_augment_params *params,
                         const uint32_t margins[4], uint32_t size,
                         uint32_t channels, float *image, float *scratch);

#endif
