/* SPDX-License-Identifier: MIT
 *
 * image_rows.h - features of all images of a data set, row by row into a file
 * that goes on after a crash.
 *
 *     host_image_rows x;
 *     good = host_image_rows_open(&x, &config, data, &f) &&
 *            host_image_rows_begin(&x, "F.npy", &shard, &f);
 *     while (good && x.rows.done < x.rows.count) {
 *         good = host_image_rows_next(&x, &f);
 *     }
 *     ... x.rows: see growing.h ...
 *     host_image_rows_close(&x);
 */
#ifndef CEDM_HOST_EXECUTION_IMAGE_ROWS_H
#define CEDM_HOST_EXECUTION_IMAGE_ROWS_H

#include "host/execution/image_features.h"
#include "host/files/growing.h"
#include "host/files/image_stream.h"

typedef struct host_image_rows {
    host_image_features source;
    host_image_stream images;
    host_growing rows;
    char *recipe; /* JSON: the model and its options, shape, data's SHA-256 */

    const char *data; /* private */
    host_dataset_source from;
    uint8_t *batch;  /* of images */
    float *features; /* of a batch */
} host_image_rows;

/* Loads the model and takes all memory: what image_features.h and
 * image_stream.h say, and a batch of images and rows.  *x must not move, data
 * must outlive it.  Close it on error, too. */
bool host_image_rows_open(host_image_rows *x,
                          const host_image_features_config *config,
                          const char *data, host_failure *f);
void host_image_rows_close(host_image_rows *x); /* also a zeroed one */

/* Reads the data once for its hash, and opens the file of rows at the first
 * of this shard that is not there yet.  path must outlive *x. */
bool host_image_rows_begin(host_image_rows *x, const char *path,
                           const host_shard *shard, host_failure *f);

/* The rows of the next batch; there must be one. */
bool host_image_rows_next(host_image_rows *x, host_failure *f);

#endif
