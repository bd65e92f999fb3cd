/* SPDX-License-Identifier: MIT
 *
 * torch.h - what PyTorch writes into pickles: storages, tensors, modules,
 * state dicts (private to codegen/read). */
#ifndef CEDM_READ_TORCH_H
#define CEDM_READ_TORCH_H

#include "codegen/read/open.h"
#include "codegen/read/pickle.h"

/* A full-size network has about 550 tensors. */
#define CG_ARRAYS_MAX 65536u

/* Of the pickle of a file, and of the one in front of a storage: a full-size
 * snapshot needs 40 000 and 30. */
#define CG_PICKLE_LIMIT (UINT32_C(1) << 20)
#define CG_STORAGE_LIMIT 128u

/* Where a torch file keeps its storages (torchzip.c). */
typedef struct cg_archive cg_archive;

/* And the old format, one stream (torch_legacy.c). */
typedef struct cg_legacy cg_legacy;

typedef struct cg_torch {
    cg_opened *opened;
    cg_error *error;
    cg_pickle pickle;    /* the values of the file */
    cg_pickle header;    /* those in front of one storage, reused */
    cg_archive *archive; /* NULL in a snapshot: they are in the pickle */
    cg_legacy *legacy;   /* NULL but in the old format of torch.save */
    uint64_t elements;   /* of all arrays */
    uint64_t copied;     /* bytes of arrays that were put in order */
    uint64_t decoded;    /* bytes of texts that stood for bytes */
} cg_torch;

/* A flat run of numbers; tensors are views of it. */
typedef struct cg_storage {
    cg_dtype dtype;
    uint64_t elements;
    const unsigned char *data;
} cg_storage;

/* The storage that a node stands for. */
bool cg_torch_storage(cg_torch *t, cg_ref ref, cg_storage *storage);

/* What a persistent identifier says: type, key and elements. */
bool cg_torch_identifier(const cg_pickle *p, cg_ref identifier,
                         cg_storage *storage, const cg_node **key);

/* The same storage in the archive, checked against what it says. */
bool cg_archive_storage(cg_torch *t, const cg_node *key, cg_storage *storage);

/* The same in a stream of the old format. */
bool cg_legacy_storage(cg_torch *t, const cg_node *key, cg_storage *storage);

/* Is the node a tensor, a parameter or an array of numpy? */
bool cg_torch_is_tensor(const cg_node *node);

/* Adds an array to the file; its name is copied. */
bool cg_torch_add(cg_torch *t, const cg_array *array);

/* Adds the tensor, parameter or array to the file under that name. */
bool cg_torch_tensor(cg_torch *t, cg_ref ref, const char *name);

/* The same for an array of numpy: _reconstruct and its state. */
bool cg_torch_numpy(cg_torch *t, cg_ref ref, const char *name);

/* The bytes of a node: bytes, or as protocol 2 writes them, the call
 * _codecs.encode(text, "latin1"). */
bool cg_torch_bytes(cg_torch *t, cg_ref ref, const unsigned char **bytes,
                    size_t *size);

/* The type of an array of numpy from its dtype: *swap if it is big-endian.
 * False, without an error, if it is none of ours. */
bool cg_torch_dtype(const cg_pickle *p, const cg_node *node, cg_dtype *dtype,
                    bool *swap);

/* Dimensions: a tuple of integers. */
bool cg_torch_shape(const cg_torch *t, const cg_node *shape, cg_array *array);

/* Points the array at its elements in row-major order, which begin at
 * `base`, steps of elements apart: in place if that is their order, else in
 * a copy.  All copies together are no larger than the file. */
bool cg_torch_view(cg_torch *t, cg_array *array, const uint64_t *strides,
                   const unsigned char *base, bool swap);

/* The value of an integer, a float or a numpy float64; false if the node is
 * none of them. */
bool cg_torch_number(const cg_pickle *p, const cg_node *node, double *value);

/* Writes a float64 as an array has it. */
void cg_torch_store(unsigned char bytes[8], double value);

/* Adds a list or tuple of numbers as an array of float64. */
bool cg_torch_list(cg_torch *t, cg_ref ref, const char *name);

/* The state and the class of a module: a persistent object or a ModuleDict,
 * which has no class name. */
bool cg_torch_module(cg_torch *t, cg_ref module, const cg_node **state,
                     const cg_node **class_name);

/* A name that grows by ".key" and is cut again.  Keys are identifiers or
 * nearly so: no byte outside printable ASCII. */
typedef struct cg_torch_path {
    char text[CG_NAME_MAX_BYTES + 1];
    size_t length;
} cg_torch_path;

bool cg_torch_enter(const cg_torch *t, cg_torch_path *path,
                    const cg_node *key);
void cg_torch_leave(cg_torch_path *path, size_t length);

/* Adds all tensors of a module and of those in it. */
bool cg_torch_walk(cg_torch *t, cg_ref module);

/* Adds the network's configuration as cedm.config. */
bool cg_torch_config(cg_torch *t, cg_ref network);

bool cg_torch_metadata(cg_torch *t, const char *key, const char *value);

/* Adds whatever the file's value holds: a snapshot's network, a state dict or
 * a single tensor or list of numbers. */
bool cg_torch_root(cg_torch *t, cg_ref root);

/* Reads the pickle of a file: its whole, or the part of an archive. */
bool cg_torch_read(cg_opened *opened, cg_archive *archive, const char *part,
                   const unsigned char *bytes, size_t size, cg_error *error);

/* The arrays of a value, and the end of it. */
bool cg_torch_finish(cg_torch *t, cg_ref root);

#endif
