/* SPDX-License-Identifier: MIT
 *
 * clusters.h - the cluster of every training image.
 *
 * Ids may have gaps; the network knows the used ones by their rank, as C-EDM
 * numbers them.  An id belongs to the image of the dataset, whatever is done
 * to the image later. */
#ifndef CEDM_HOST_FILES_CLUSTERS_H
#define CEDM_HOST_FILES_CLUSTERS_H

#include <stdint.h>

#include "host/cli/failure.h"
#include "host/files/dataset.h"

typedef struct host_clusters {
    uint64_t count;    /* images */
    int32_t *of_image; /* 0 .. used-1; NULL: unconditional */
    uint32_t used;
    int64_t *ids;     /* [used]: as in the file, ascending */
    uint64_t *images; /* [used]: images of each */
} host_clusters;

/* Reads any file of ids (ids.h); there must be `count` of them. */
bool host_clusters_open(host_clusters *c, const char *path, uint64_t count,
                        host_failure *f);

/* The same for the images of a data set.  Where both have names, those must
 * agree: be equal, or one of them the end of the other's path.  The path
 * dataset.json, where no such file is, means the one in the data set. */
bool host_clusters_open_for(host_clusters *c, const char *path,
                            const host_dataset *data, host_failure *f);
void host_clusters_close(host_clusters *c); /* harmless on a zeroed one */

/* A JSON array of the ids or of the numbers of images; to be freed. */
char *host_clusters_ids_json(const host_clusters *c);
char *host_clusters_images_json(const host_clusters *c);

#endif
