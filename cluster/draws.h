/* SPDX-License-Identifier: MIT
 *
 * draws.h - what the random numbers of clustering are for: purposes of the
 * keys of host/random/random.h, none of which means two things. */
#ifndef CEDM_CLUSTER_DRAWS_H
#define CEDM_CLUSTER_DRAWS_H

#include "host/random/random.h"

enum cluster_draw {
    CLUSTER_DRAW_SEEDING = 0x100, /* k-means++: image is the run, step the
                                       centre, position the candidate */
    CLUSTER_DRAW_BATCH,   /* rows of a batch: image is the run, step the
                               batch, position the place in it */
    CLUSTER_DRAW_REPLACE, /* rows that replace centres; keyed alike */
    CLUSTER_DRAW_WEIGHTS, /* of heads: image is the head, step the layer */
    CLUSTER_DRAW_PARTNER  /* image is the row, step the epoch */
};

#endif
