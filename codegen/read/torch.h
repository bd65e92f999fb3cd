/* SPDX-License-Identifier: MIT
 *
 * torch.h - what PyTorch writes into pickles: storages, tensors, modules,
 * state dicts (private to codegen/read). */
#ifndef CEDM_READ_TORCH_H
#define CEDM_READ_TORCH_H

#include "codegen/read/contents.h"
#include "codegen/read/pickle.h"

/* A full-size network has about 550 tensors. */
#define CG_ARRAYS_MAX 65536u

/* Of the pickle of a file, and of the one in front of a storage: a full-size
 * snapshot needs 40 000 and 30. */
#define CG_PICKLE_LIMIT (UINT32_C(1) << 20)
#define CG_STORAGE_LIMIT 128u

/* Where a torch file keeps its storages (torch_archive.c). */
typedef struct cg_archive cg_archive;

typedef struct cg_torch {
    cg_opened *opened;
    cg_error *error;
    cg_pickle pickle;    /* the values of the file */
    cg_pickle header;    /* those in front of one storage, reused */
    cg_archive *archive; /* NULL in a snapshot: they are in the pickle */
} cg_torch;

/* A flat run of numbers; tensors are views of it. */
typedef struct cg_storage {
    cg_dtype dtype;
    uint64_t elements;
    const unsigned char *data;
} cg_storage;

/* The storage that a node stands for. */
bool cg_torch_storage(cg_torch *t, cg_ref ref, cg_storage *storage);

/* ---- archives ---------------------------------------------------------- */

#define CG_ARCHIVE_PICKLE "data.pkl" /* the entry with the file's value */

/* Opens the file as the zip archive that torch.save writes; NULL on error.
 * Close it; what was read from it lives as long as the file. */
cg_archive *cg_archive_open(cg_opened *opened, cg_error *error);
void cg_archive_close(cg_archive *archive);

/* The bytes of the pickle; NULL on error. */
const unsigned char *cg_archive_pickle(cg_archive *archive, size_t *size);

/* Sets the data of a storage from the entry of that key, whose size is
 * checked against the type and elements in `storage`. */
bool cg_archive_storage(cg_torch *t, const cg_node *key, cg_storage *storage);

/* ---- tensors ----------------------------------------------------------- */

/* Is the node a tensor or a parameter? */
bool cg_torch_is_tensor(const cg_node *node);

/* Adds the tensor or parameter to the file under that name. */
bool cg_torch_tensor(cg_torch *t, cg_ref ref, const char *name);

/* The value of an integer, a float or a numpy float64; false if the node is
 * none of them. */
bool cg_torch_number(const cg_pickle *p, const cg_node *node, double *value);

/* Adds a list or tuple of numbers as an array of float64. */
bool cg_torch_list(cg_torch *t, cg_ref ref, const char *name);

/* ---- modules ----------------------------------------------------------- */

/* The name of a tensor in a module: keys with dots between them. */
typedef struct cg_tensor_name {
    char text[CG_NAME_MAX_BYTES + 1];
    size_t length;
} cg_tensor_name;

/* Appends a key.  To leave again, give the length from before. */
bool cg_torch_enter(const cg_torch *t, cg_tensor_name *name,
                    const cg_node *key);
void cg_torch_leave(cg_tensor_name *name, size_t length);

/* The state and the class of a module: a persistent object or a ModuleDict,
 * which has no class name. */
bool cg_torch_module(cg_torch *t, cg_ref module, const cg_node **state,
                     const cg_node **class_name);

/* Adds all tensors of a module and of those in it. */
bool cg_torch_walk(cg_torch *t, cg_ref module);

/* Adds the network's configuration as cedm.config. */
bool cg_torch_config(cg_torch *t, cg_ref network);

/* Adds whatever the file's value holds: a snapshot's network, a state dict or
 * a single tensor or list of numbers. */
bool cg_torch_root(cg_torch *t, cg_ref root);

#endif
