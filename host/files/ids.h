/* SPDX-License-Identifier: MIT
 *
 * ids.h - cluster ids as files have them: a number for each image, maybe with
 * the image's name. */
#ifndef CEDM_HOST_FILES_IDS_H
#define CEDM_HOST_FILES_IDS_H

#include <stddef.h>
#include <stdint.h>

#include "codegen/codegen.h"
#include "host/cli/failure.h"

typedef struct host_ids {
    const char *path; /* for messages */
    int64_t *values;  /* below 2^53 */
    char **names;     /* each NULL unless the file names the images */
    uint64_t count, capacity;
} host_ids;

/* Reads, and what is read is found by looking:
 * - NumPy's .npy: whole numbers of any type and byte order, one axis (others of
 *   length 1 do not count), or rows that are one-hot;
 * - .npz: its one array, or the one called cluster_ids, ids, clusters, labels
 *   or arr_0;
 * - PyTorch's .pt: a tensor, an array of NumPy, a list, or a dict with one of
 *   these names, whole numbers of any type;
 * - a pickle of scikit-learn's KMeans, C-EDM's label_dict.pt;
 * - JSON: a list of numbers, EDM's dataset.json (labels or one-hot rows), an
 *   object of names and numbers;
 * - text: numbers between blanks, commas or line ends; lines of a name and a
 *   number; CSV with a header.
 * Images with names come in the ascending order of their names (of bytes), as
 * images of a data set do.  Fractions, negative numbers and names that come
 * twice are errors. */
bool host_ids_read(host_ids *ids, const char *path, host_failure *f);
/* The same of JSON that was read already; `path` is for messages. */
bool host_ids_read_json(host_ids *ids, const char *path, const char *text,
                        host_failure *f);
void host_ids_free(host_ids *ids); /* harmless on a zeroed one */

/* ---- for the readers of formats ----------------------------------------- */

/* Adds an id; the name, which may be NULL, is copied without "./". */
bool host_ids_add(host_ids *ids, double value, const char *name,
                  host_failure *f);

/* Adds those of an array, which is in Fortran's order if that is said. */
bool host_ids_add_array(host_ids *ids, const cg_array *array, bool fortran,
                        host_failure *f);

/* Brings images with names into the order of a data set; an error if two have
 * one name. */
bool host_ids_sort(host_ids *ids, host_failure *f);

/* Adds those of the bytes of a file. */
bool host_ids_add_npy(host_ids *ids, const unsigned char *bytes, size_t size,
                      host_failure *f);
bool host_ids_add_zip(host_ids *ids, const unsigned char *bytes, size_t size,
                      host_failure *f);
bool host_ids_add_torch(host_ids *ids, host_failure *f);
bool host_ids_add_json(host_ids *ids, const char *text, host_failure *f);
bool host_ids_add_text(host_ids *ids, char *text, host_failure *f);

/* The words that an array or a column of ids is called by, NULL-terminated, the
 * best one first. */
extern const char *const host_ids_words[];

#endif
