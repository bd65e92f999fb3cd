/* SPDX-License-Identifier: MIT
 *
 * dataset.h - training images in memory, 8 bits a channel.
 *
 * Sources: an EDM dataset (zip file or folder of PNG and JPEG files), binary
 * batches of CIFAR-10 or CIFAR-100 (a file or their folder), and idx images
 * (gzip or not) as MNIST has them.  The format is found by looking. */
#ifndef CEDM_HOST_FILES_DATASET_H
#define CEDM_HOST_FILES_DATASET_H

#include <stdint.h>

#include "host/cli/failure.h"

typedef struct host_dataset {
    uint64_t count;
    uint32_t size, channels; /* square images */
    uint8_t *pixels;         /* [count][size][size][channels] */
} host_dataset;

/* resolution 0: the images' own, which must be a square of a power of two;
 * else smaller images get a black border and larger ones are cropped to a
 * centred square and resized. */
bool host_dataset_open(host_dataset *d, const char *path, uint32_t resolution,
                       host_failure *f);
void host_dataset_close(host_dataset *d); /* harmless on a zeroed one */

/* ---- for the readers of formats ----------------------------------------- */

/* Appends an image [height][width][channels]; `where` names it in errors. */
bool host_dataset_add(host_dataset *d, uint32_t resolution, const char *where,
                      const uint8_t *pixels, uint32_t height, uint32_t width,
                      uint32_t channels, host_failure *f);

/* The same for the bytes of a PNG or JPEG file. */
bool host_dataset_add_file(host_dataset *d, uint32_t resolution,
                           const char *where, const unsigned char *bytes,
                           uint64_t size, host_failure *f);

bool host_dataset_is_image_name(const char *name);

bool host_dataset_read_zip(host_dataset *d, const char *path,
                           uint32_t resolution, host_failure *f);
bool host_dataset_read_folder(host_dataset *d, const char *path,
                              uint32_t resolution, host_failure *f);
bool host_dataset_read_cifar(host_dataset *d, const char *path,
                             uint32_t resolution, host_failure *f);
bool host_dataset_read_idx(host_dataset *d, const char *path,
                           uint32_t resolution, host_failure *f);

#endif
