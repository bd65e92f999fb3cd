/* SPDX-License-Identifier: MIT
 *
 * model_places.h - a checkpoint in memory and where its elements lie in a
 * training program (private to model_file.c and model_save.c). */
#ifndef CEDM_TRAINER_MODEL_PLACES_H
#define CEDM_TRAINER_MODEL_PLACES_H

#include "trainer/model_file.h"

struct train_model_file {
    cg_file file;
    cg_spec *specs;
    size_t spec_count;
    cg_metadata config;
    float *values;
};

/* Where the elements of an array lie in a training program's parameters. */
typedef struct train_placed {
    const cg_part *part; /* NULL: not trained */
    uint64_t first;
} train_placed;

/* One for each array of the checkpoint, to be freed; NULL: no memory. */
train_placed *train_model_places(const train_model_file *m,
                                 const cg_training *t);

#endif
