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

/* What was taken of another file. */
typedef struct train_model_taken {
    size_t tensors, all_tensors;
    uint64_t parameters, all_parameters; /* without buffers */
    size_t left_count;
    char left[600]; /* names of the first of them, and their shapes */
} train_model_taken;

#define TRAIN_MODEL_LEFT_NAMED 3u

/* Replaces tensors by those of `from` whose name has the prefix before it and
 * whose shape is the same; the others are left as they are. */
void train_model_file_take(train_model_file *m, const cg_file *from,
                           const char *prefix, train_model_taken *taken);

/* The same, but every one must be there. */
bool train_model_file_take_all(train_model_file *m, const cg_file *from,
                               const char *prefix, host_failure *f);

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

/* Writes sets as one safetensors file, whole or not at all, and on the disk
 * when it returns; the training program was built from m.  Sets come in the
 * order of their prefixes (strcmp): the file carries a checksum of every
 * tensor, which cg_open compares.  The note TRAIN_MODEL_SEALED adds one of the
 * header; who changes the header's text then makes the file unusable.  Needs
 * memory for the largest tensor. */
#define TRAIN_MODEL_SEALED                                                   \
    {                                                                        \
        "cedm.header_crc32c", "00000000"                                     \
    }

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
