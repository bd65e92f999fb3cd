/* SPDX-License-Identifier: MIT
 *
 * model_file.h - a checkpoint that exists in memory: what a run begins with,
 * and the writing of checkpoints. */
#ifndef CEDM_TRAINER_MODEL_FILE_H
#define CEDM_TRAINER_MODEL_FILE_H

#include "host/cli/failure.h"
#include "codegen/training.h"

typedef struct train_model_file train_model_file;

/* The tensors of a configuration (the JSON of cedm.config) with the
 * reference's initial values [EDM].  NULL on error. */
train_model_file *train_model_file_new(const char *config, uint32_t seed,
                                       host_failure *f);
void train_model_file_free(train_model_file *m); /* NULL is allowed */

/* As what cg_build and cg_build_training take; it lives as long as m. */
const cg_file *train_model_file_get(const train_model_file *m);

/* Replaces tensors by those of `from` whose name has the prefix before it.
 * With all, every one must be there; else tensors that are missing or have
 * another shape are left as they are.  Returns how many were taken, or -1
 * on error. */
int train_model_file_take(train_model_file *m, const cg_file *from,
                          const char *prefix, bool all, host_failure *f);

/* ---- writing ------------------------------------------------------------ */

/* Values of all trained tensors in the layout of a training program. */
typedef struct train_model_set {
    const char *prefix; /* of the names in the file */
    const float *values;
    bool buffers; /* also the tensors that are not trained */
} train_model_set;

typedef struct train_model_note {
    const char *key, *value;
} train_model_note;

/* Writes sets as one safetensors file, whole or not at all; the training
 * program was built from m. */
bool train_model_file_save(const train_model_file *m,
                           const cg_training *training, const char *path,
                           const train_model_set *sets, size_t count,
                           const train_model_note *notes, size_t note_count,
                           host_failure *f);

/* The inverse of a set: reads the tensors with a prefix into values. */
bool train_model_file_load(const train_model_file *m,
                           const cg_training *training, const cg_file *from,
                           const char *prefix, float *values,
                           host_failure *f);

#endif
