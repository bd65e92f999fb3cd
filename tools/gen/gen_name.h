/* SPDX-License-Identifier: MIT
 *
 * gen_name.h - what files of images are called. */
#ifndef CEDM_TOOLS_GEN_GEN_NAME_H
#define CEDM_TOOLS_GEN_GEN_NAME_H

#include "tools/gen/gen_options.h"

/* MODEL-CLUSTERS-SEEDS-12345678.EXT: a person reads the first three, cut if
 * they are long; the last is a checksum of all that decides what is drawn, so
 * that two jobs have two names.  A directory has no extension. */
#define GEN_NAME_BYTES 256
void gen_name_default(const gen_options *o, const gen_job *j,
                      const char *data_sha256, char name[GEN_NAME_BYTES]);

/* Whether a file of images may be written under a default name: there is
 * none, it cannot tell what it holds (npy, raw), or it holds this job. */
bool gen_name_free(const gen_job *j, const host_model *m, const char *name,
                   uint64_t columns, uint64_t rows, host_failure *f);

/* Whether each image of a job can have a file of its own; sets by_cluster. */
bool gen_name_distinct(gen_job *j, host_failure *f);

/* DIR/000123.EXT of image i, DIR/000123-c5.EXT where seeds repeat; to be
 * freed, NULL without memory. */
char *gen_name_image(const gen_job *j, uint64_t i, const char *directory,
                     const char *extension);

#endif
