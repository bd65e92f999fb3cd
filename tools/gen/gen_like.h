/* SPDX-License-Identifier: MIT
 *
 * gen_like.h - the clusters that pictures belong to, of --like. */
#ifndef CEDM_TOOLS_GEN_GEN_LIKE_H
#define CEDM_TOOLS_GEN_GEN_LIKE_H

#include "host/execution/model.h"

typedef struct gen_like {
    const char *pictures; /* a file, or a folder or zip archive */
    const char *encoder;  /* M.so, whose features were clustered */
    const char *centres;  /* what cedm-cluster saved: centres or heads */
} gen_like;

/* The ids of the pictures, in their order, as a list for --id: pictures are
 * fitted as a data set's images are, get the features that cedm-embed gives by
 * default, and go to their clusters as by `cedm-cluster assign`.  So an image
 * that was clustered is in its own cluster.  Clusters by another method, of
 * another number or of other features than those that the model says it was
 * trained on are an error.  To be freed; NULL on error. */
char *gen_like_ids(const gen_like *like, const host_model *m, const char *isa,
                   uint64_t threads, host_failure *f);

#endif
