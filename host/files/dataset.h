/* SPDX-License-Identifier: MIT
 *
 * dataset.h - training images in memory, 8 bits a channel.
 *
 * Sources: an EDM dataset or any other images (a zip file or a folder, see
 * collection.h and image.h), binary batches of CIFAR-10 or CIFAR-100 (a file
 * or their folder), and idx images (gzip or not) as MNIST has them.  The
 * format is found by looking. */
#ifndef CEDM_HOST_FILES_DATASET_H
#define CEDM_HOST_FILES_DATASET_H

#include <stdint.h>

#include "host/files/squares.h"

#define HOST_DATASET_NOTE_BYTES 512

typedef struct host_dataset {
    uint64_t count;
    uint32_t size, channels; /* square images */
    uint8_t *pixels;         /* [count][size][size][channels] */
    char **names; /* [count]: paths below the source; NULL: there are none */
    char *labels; /* the text of its dataset.json; NULL: there is none */
    host_squares_counts counts;             /* what became of images */
    char left_out[HOST_DATASET_NOTE_BYTES]; /* files, counted; "": none */
} host_dataset;

/* Reads all images by the calling thread.  resolution 0: the images' own,
 * which must be a square of a power of two; else smaller images get a black
 * border and larger ones are cropped to a centred square and resized, see
 * HOST_FIT_BORDER.  Channels are those that all images share: RGB if any has
 * colours, and alpha if all have it.  An error names the file and the entry
 * in it; *d is then zeroed. */
bool host_dataset_open(host_dataset *d, const char *path, uint32_t resolution,
                       host_failure *f);
void host_dataset_close(host_dataset *d); /* harmless on a zeroed one */

/* One line of what became of images, for a user to read; false if they are as
 * they were. */
bool host_dataset_changes(const host_dataset *d, char *text, size_t size);

/* ---- by several threads, block by block -------------------------------- */

/* The same in steps, so that the caller can show how far it is:
 *
 *     good = host_dataset_begin(&l, &d, &source, &f);
 *     while (good && host_dataset_left(&l)) {
 *         good = host_dataset_more(&l, &f);
 *         ... d.count of l.total images ...
 *     }
 *     good = host_dataset_end(&l, good, &f);
 *
 * The images and their order do not depend on the number of workers. */
typedef struct host_dataset_source {
    const char *path;
    uint32_t resolution;
    uint32_t workers;                /* of parallel_for, at least 1 */
    cedm_parallel_for *parallel_for; /* NULL: the calling thread */
    void *pool;
    bool opaque; /* alpha is dropped even if all images have it */
} host_dataset_source;

/* Must not move between begin and end. */
typedef struct host_dataset_load {
    host_dataset *data;
    host_dataset_source source;
    uint64_t total; /* images; 0: all were read at once */
    host_collection files;
    host_squares squares;
    host_resizer resizer; /* of images that are added one by one */
} host_dataset_load;

/* Finds the format.  Images of a zip file or a folder are listed, which takes
 * no memory for pixels yet; raw pixels are read at once.  What *source points
 * to must outlive *l. */
bool host_dataset_begin(host_dataset_load *l, host_dataset *d,
                        const host_dataset_source *source, host_failure *f);

#define HOST_DATASET_LABELS "dataset.json"

/* Takes the names of the images' files out of the collection.  For
 * host_dataset_end. */
bool host_dataset_take_names(host_dataset_load *l, host_failure *f);

/* Reads a block; earlier images may be converted to another kind. */
bool host_dataset_more(host_dataset_load *l, host_failure *f);

/* Frees what the loading took, and the images unless `good`, which it
 * returns if there are images. */
bool host_dataset_end(host_dataset_load *l, bool good, host_failure *f);

static inline bool host_dataset_left(const host_dataset_load *l)
{
    return l->data->count < l->total;
}

/* ---- for the readers of formats ---------------------------------------- */

/* Images or batches of CIFAR in a zip file or a folder; begins only. */
bool host_dataset_begin_files(host_dataset_load *l, host_failure *f);

/* Appends an image; `where` names it in errors. */
bool host_dataset_add(host_dataset_load *l, const char *where,
                      const host_image *image, host_failure *f);

/* A batch of CIFAR of 10 or 100 classes. */
bool host_dataset_add_cifar(host_dataset_load *l, const char *where,
                            const unsigned char *bytes, size_t size,
                            host_failure *f);

/* An idx file of images of bytes. */
bool host_dataset_read_idx(host_dataset_load *l, host_failure *f);

#endif
