/* SPDX-License-Identifier: MIT
 *
 * dataset.h - training images in memory, 8 bits a channel.
 *
 * Sources: an EDM dataset (zip file or folder of PNG and JPEG files), binary
 * batches of CIFAR-10 or CIFAR-100 (a file or their folder), and idx images
 * (gzip or not) as MNIST has them.  The format is found by looking. */
#ifndef CEDM_TRAINER_DATASET_H
#define CEDM_TRAINER_DATASET_H

#include <stdint.h>

#include "host/cli/failure.h"

typedef struct dataset {
    uint64_t count;
    uint32_t size, channels; /* square images */
    uint8_t *pixels;         /* [count][size][size][channels] */
} dataset;

/* resolution 0: the images' own, which must be a square of a power of two;
 * else smaller images get a black border and larger ones are cropped to a
 * centred square and resized. */
bool dataset_open(dataset *d, const char *path, uint32_t resolution,
                  failure *f);
void dataset_close(dataset *d); /* harmless on a zeroed one */

/* ---- for the readers of formats ----------------------------------------- */

/* Appends an image [height][width][channels]; `where` names it in errors. */
bool dataset_add(dataset *d, uint32_t resolution, const char *where,
                 const uint8_t *pixels, uint32_t height, uint32_t width,
                 uint32_t channels, failure *f);

/* The same for the bytes of a PNG or JPEG file. */
bool dataset_add_file(dataset *d, uint32_t resolution, const char *where,
                      const unsigned char *bytes, uint64_t size, failure *f);

bool dataset_is_image_name(const char *name);

bool dataset_read_zip(dataset *d, const char *path, uint32_t resolution,
                      failure *f);
bool dataset_read_folder(dataset *d, const char *path, uint32_t resolution,
                         failure *f);
bool dataset_read_cifar(dataset *d, const char *path, uint32_t resolution,
                        failure *f);
bool dataset_read_idx(dataset *d, const char *path, uint32_t resolution,
                      failure *f);

#endif
