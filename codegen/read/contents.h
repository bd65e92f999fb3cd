/* SPDX-License-Identifier: MIT
 *
 * contents.h - what the readers of formats fill in of a file being opened
 * (private to codegen/read). */
#ifndef CEDM_READ_CONTENTS_H
#define CEDM_READ_CONTENTS_H

#include "codegen/codegen.h"

#define CG_NAME_MAX_BYTES 512u /* of a tensor's name */

typedef struct cg_block cg_block;

typedef struct cg_opened {
    cg_file file; /* its arrays and metadata may come in any order */
    cg_map map;
    cg_block *blocks; /* names, texts and copies */
    char *path;
    size_t array_capacity, metadata_capacity;
    bool moments; /* also what a training state has of Adam */
} cg_opened;

/* Memory that lives until the file is closed; NULL and an error if there is
 * none. */
void *cg_keep(cg_opened *opened, size_t size, cg_error *error);

/* Adds an array or an entry of the metadata; name, data, key and value must
 * live as long as the file. */
bool cg_add_array(cg_opened *opened, const cg_array *array, cg_error *error);
bool cg_add_metadata(cg_opened *opened, const char *key, const char *value,
                     cg_error *error);

/* Sorts arrays by place; of two at one place the empty one comes first. */
void cg_sort_by_place(cg_file *file);

/* Sorts arrays by name and metadata by key; an error if one comes twice. */
bool cg_sort_by_name(cg_file *file, cg_error *error);

/* Frees what the calls above took. */
void cg_forget(cg_opened *opened);

/* The formats.  Each array by itself is right afterwards and they share no
 * byte; names may still come twice. */
bool cg_read_safetensors(cg_opened *opened, cg_error *error);
bool cg_read_pickle(cg_opened *opened, cg_error *error);
bool cg_read_torch_legacy(cg_opened *opened, cg_error *error);
bool cg_read_torch_zip(cg_opened *opened, cg_error *error);

#endif
