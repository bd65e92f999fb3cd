/* SPDX-License-Identifier: MIT
 *
 * data_labels.h - a class for every image of a data set. */
#ifndef CEDM_TOOLS_DATA_LABELS_H
#define CEDM_TOOLS_DATA_LABELS_H

#include <stdint.h>

#include "host/files/collection.h"

/* Where classes are read: a file, the folders, or nowhere. */
#define DATA_LABELS_FOLDERS "folders"
#define DATA_LABELS_NONE "none"

/* The name, in the source, of EDM's list of labels [EDM]. */
#define DATA_LABELS_JSON "dataset.json"

typedef struct data_labels {
    uint32_t *of_image; /* [images], or NULL: no labels */
    size_t images;
    char **classes; /* names of folders, or NULL */
    size_t class_count;
    uint64_t spare; /* labels of images that are not there */
} data_labels;

/* Image i is entry i of the source, DATA_LABELS_JSON left out. */
size_t data_image_count(const host_collection *source);
size_t data_image_entry(const host_collection *source, size_t image);
const char *data_image_name(const host_collection *source, size_t image);

/* Labels from `from`: a file's name, one of the words above, or NULL, which
 * means the source's own dataset.json; else its folders, if every image lies
 * in one of several that are not numbered as EDM's are; else none.  Folders
 * that all images lie in do not count; classes are the folders below them in
 * the ASCII order of their names.
 *
 * A file is EDM's JSON, {"labels": [[NAME, CLASS], ...]}, or has lines of
 * NAME and CLASS with a comma, a tab or a blank between; a first line whose
 * last word is no number is a heading.  Names are those of the source.  Every
 * image needs a class; classes are whole numbers below 2^31. */
bool data_labels_open(data_labels *l, host_collection *source,
                      const char *from, host_failure *f);
void data_labels_close(data_labels *l); /* harmless on a zeroed one */

/* ---- its parts --------------------------------------------------------- */

/* Of an image whose class was not read yet. */
#define DATA_LABEL_UNSET UINT32_MAX

/* All of them unset. */
bool data_labels_allocate(data_labels *l, size_t images, host_failure *f);

/* Labels by folders; where they are not asked for, only if folders can be
 * classes. */
bool data_labels_by_folder(data_labels *l, const host_collection *source,
                           bool asked, host_failure *f);
void data_labels_forget_classes(data_labels *l);

#endif
