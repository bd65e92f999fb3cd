/* SPDX-License-Identifier: MIT
 *
 * image_stream.h - the images of a data set, as many at a time as the caller
 * wants, in the data set's order; every source of dataset.h.
 *
 *     good = host_image_stream_open(&s, &source, channels, &f);
 *     host_image_stream_seek(&s, first);
 *     while (good && ...) {
 *         good = host_image_stream_read(&s, images, n, &f);
 *     }
 *     host_image_stream_close(&s);
 *
 * Images of an archive or a folder are read block by block.  CIFAR's batches
 * and idx files are small, and read at once.  An image comes out the same
 * wherever the reading began. */
#ifndef CEDM_HOST_FILES_IMAGE_STREAM_H
#define CEDM_HOST_FILES_IMAGE_STREAM_H

#include "host/files/dataset.h"

typedef struct host_image_stream {
    uint64_t total;          /* images of the data set */
    uint32_t size, channels; /* of what is read */

    host_dataset data;      /* private: all images, or none */
    host_dataset_load load; /* else they come from here */
    host_image block;       /* the images that are ready, as one column */
    size_t ready, taken;    /* of the block */
} host_image_stream;

/* source->resolution and channels are what the caller wants: grey is repeated
 * for colours, alpha is dropped, and colours for a channel of grey are an
 * error when such an image is read.  What *source points to must outlive *s,
 * which must not move.  On error *s needs no close. */
bool host_image_stream_open(host_image_stream *s,
                            const host_dataset_source *source,
                            uint32_t channels, host_failure *f);
void host_image_stream_close(host_image_stream *s); /* harmless if zeroed */

/* Goes on with image `next`, at most `total`; costs nothing. */
void host_image_stream_seek(host_image_stream *s, uint64_t next);

/* Writes the next n images, [n][size][size][channels]; there must be so
 * many. */
bool host_image_stream_read(host_image_stream *s, uint8_t *images, uint32_t n,
                            host_failure *f);

/* The name of image i as messages have it, without the path of the data set;
 * NULL where images have no names.  Valid until the stream is closed. */
const char *host_image_stream_name(const host_image_stream *s, uint64_t i);

#endif
