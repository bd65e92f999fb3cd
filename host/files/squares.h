/* SPDX-License-Identifier: MIT
 *
 * squares.h - the images of a collection as squares of one size and kind, by
 * all threads, block by block in their order.
 *
 *     good = host_squares_open(&s, &images, &options, &f);
 *     while (good && host_squares_left(&s)) {
 *         good = host_squares_next(&s, &f);
 *         ... s.count images at s.pixels, of s.channels ...
 *     }
 *     host_squares_close(&s);
 *
 * Whether any image has colours, or lacks alpha, is not known before the
 * last.  The kind begins as that of the first image and changes at most twice,
 * where `channels` changes: the caller converts what it has, or begins again.
 * What comes out depends on the images alone. */
#ifndef CEDM_HOST_FILES_SQUARES_H
#define CEDM_HOST_FILES_SQUARES_H

#include "host/files/collection.h"
#include "host/files/fit.h"

typedef struct host_squares_options {
    uint32_t resolution; /* 0: the images' own, squares of a power of two */
    host_fit fit;
    bool alpha;       /* kept while every image has it; else dropped */
    uint32_t workers; /* of parallel_for */
    cedm_parallel_for *parallel_for; /* NULL: the calling thread */
    void *pool;
} host_squares_options;

/* What became of images. */
typedef struct host_squares_counts {
    host_fit_counts fit;
    uint64_t coloured;  /* grey among colours */
    uint64_t flattened; /* alpha was dropped */
} host_squares_counts;

typedef struct host_squares {
    host_collection *images;
    host_squares_options options;
    uint32_t size, channels;
    size_t total, skip;         /* images in all; an entry that is none */
    size_t first, count;        /* of the block that is ready */
    uint8_t *pixels;            /* [count][size][size][channels] */
    host_squares_counts counts; /* up to and with this block */
    struct host_squares_slot *slots; /* [block] */
    host_resizer *resizers;          /* [workers] */
    size_t block, next;
} host_squares;

/* The images are the entries of the collection, one at least, without entry
 * `skip` if that is below their count.  Decodes the first image for its size
 * and kind.  The collection must outlive *s.  On error *s needs no close. */
bool host_squares_open(host_squares *s, host_collection *images, size_t skip,
                       const host_squares_options *options, host_failure *f);

/* Makes the next block ready, 8 images a worker and at most 64 MiB, or one
 * image; besides, each worker decodes one image.  An error names the first
 * image of the block that is bad, or lacks memory. */
bool host_squares_next(host_squares *s, host_failure *f);
void host_squares_close(host_squares *s); /* harmless on a zeroed one */

/* Goes on with image `next`, at most `total`; what was counted stays. */
void host_squares_seek(host_squares *s, size_t next);

/* Begins again with the first image, in the kind that is known by now. */
void host_squares_rewind(host_squares *s);

static inline bool host_squares_left(const host_squares *s)
{
    return s->next < s->total;
}

#endif
