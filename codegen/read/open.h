/* SPDX-License-Identifier: MIT
 *
 * open.h - a file being opened: what the readers of its formats fill in
 * (private to codegen/read). */
#ifndef CEDM_READ_OPEN_H
#define CEDM_READ_OPEN_H

#include "codegen/codegen.h"
#include "codegen/read/file.h"

#define CG_NAME_MAX_BYTES 512u /* of a tensor's name */

typedef struct cg_block cg_block;

typedef struct cg_opened {
    cg_file file; /* its arrays and metadata may come in any order */
    cg_map map;
    cg_block *blocks; /* names, texts and copies */
    char *path;
    size_t array_capacity, metadata_capacity;
} cg_opened;

/* Memory that lives until the file is closed; NULL and an error if there is
 * none. */
void *cg_keep(cg_opened *opened, size_t size, cg_error *error);

/* Makes room for one more item; the count doubles. */
bool cg_grow(cg_opened *opened, void **items, size_t count, size_t *capacity,
             size_t size, cg_error *error);

/* Sorts arrays by place; of two at one place the empty one comes first. */
void cg_sort_by_place(cg_file *file);

/* The formats.  Each array by itself is right afterwards and they share no
 * byte; names may still come twice. */
bool cg_read_safetensors(cg_opened *opened, cg_error *error);
bool cg_read_pickle(cg_opened *opened, cg_error *error);
bool cg_read_torch_legacy(cg_opened *opened, cg_error *error);
bool cg_read_torch_zip(cg_opened *opened, cg_error *error);

#endif
