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

/* Where a torch file keeps its storages: in an archive (torch_archive.c), or in
 * the old format behind its pickles (torch_legacy.c). */
typedef struct cg_archive cg_archive;
typedef struct cg_legacy cg_legacy;

typedef struct cg_torch {
    cg_opened *opened;
    cg_error *error;
    cg_pickle pickle;         /* the values of the file */
    cg_pickle header;         /* those in front of one storage, reused */
    cg_archive *archive;      /* NULL in a snapshot: they are in the pickle */
    cg_legacy *legacy;        /* NULL but in the old format of torch.save */
    uint64_t elements;        /* of all arrays */
    uint64_t copied;          /* bytes of arrays that were put in order */
    uint64_t decoded;         /* bytes of texts that stood for bytes */
    const char **parameters;  /* names, in the order of the modules: only */
    uint32_t parameter_count; /* where moments are wanted */
} cg_torch;

/* ---- refusals ---------------------------------------------------------- */

/* Refuses a value: what it is of, what is wanted of it. */
static inline bool cg_torch_bad(const cg_pickle *p, const cg_node *node,
                                const char *what, const char *wanted)
{
    return cg_pickle_fail(p, node->offset,
                          "unusable %s; wanted %s, got %s; check what file "
                          "this is, or save it again with torch.save",
                          what, wanted, cg_kind_words(node));
}

/* ---- storages ---------------------------------------------------------- */

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

/* ---- the old format ---------------------------------------------------- */

/* Another pickle of the same stream: it has its own memo, but the values
 * before it stay. */
bool cg_legacy_load(cg_pickle *p, const unsigned char **at,
                    const unsigned char *end, cg_ref *root);

/* The three pickles that begin a stream: magic, version, machine. */
bool cg_legacy_head(cg_pickle *p, const unsigned char **at,
                    const unsigned char *end);

/* Reads the pickles of the file and finds its storages; sets t->legacy and
 * the file's value. */
bool cg_legacy_open(cg_torch *t, cg_ref *root);

/* Sets the data of a storage from the stream, as cg_archive_storage does. */
bool cg_legacy_storage(cg_torch *t, const cg_node *key, cg_storage *storage);

/* ---- bytes and types --------------------------------------------------- */

/* The bytes of a node: bytes, or as protocol 2 writes them, the call
 * _codecs.encode(text, "latin1"). */
bool cg_torch_bytes(cg_torch *t, cg_ref ref, const unsigned char **bytes,
                    size_t *size);

/* The type of an array of numpy from its dtype: *swap if it is big-endian.
 * False, without an error, if it is none of ours. */
bool cg_torch_dtype(const cg_pickle *p, const cg_node *node, cg_dtype *dtype,
                    bool *swap);

/* ---- arrays ------------------------------------------------------------ */

/* A dimension, stride or offset: an integer of at least 0. */
bool cg_torch_size(const cg_torch *t, cg_ref ref, const char *name,
                   const char *what, uint64_t *size);

/* Dimensions: a tuple of integers. */
bool cg_torch_shape(const cg_torch *t, const cg_node *shape, cg_array *array);

/* Points the array at its elements in row-major order, which begin at
 * `base`, steps of elements apart: in place if that is their order, else in
 * a copy.  All copies together are no larger than the file. */
bool cg_torch_view(cg_torch *t, cg_array *array, const uint64_t *strides,
                   const unsigned char *base, bool swap);

/* Adds an array to the file; its name is copied.  All arrays together have no
 * more elements than the file has bytes. */
bool cg_torch_add(cg_torch *t, const cg_array *array);

/* Adds an array of numpy: _reconstruct and its state. */
bool cg_torch_numpy(cg_torch *t, cg_ref ref, const char *name);

/* ---- tensors ----------------------------------------------------------- */

/* Is the node a tensor, a parameter or an array of numpy? */
bool cg_torch_is_tensor(const cg_node *node);

/* Adds the tensor, parameter or array to the file under that name. */
bool cg_torch_tensor(cg_torch *t, cg_ref ref, const char *name);

/* The value of an integer, a float or a number of numpy; false if the node is
 * none of them. */
bool cg_torch_number(const cg_pickle *p, const cg_node *node, double *value);

/* Writes a float64 as an array has it. */
void cg_torch_store(unsigned char bytes[8], double value);

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

/* Notes the array that was added last as the next parameter, where moments are
 * wanted. */
bool cg_torch_note_parameter(cg_torch *t);

/* Adds Adam's moments of the parameters noted, and its number of updates, if
 * the file's value has an optimizer's state. */
bool cg_torch_adam(cg_torch *t, const cg_node *root);

/* Adds all tensors of an object of TorchScript and of those in it. */
bool cg_torch_script(cg_torch *t, cg_ref object);

/* Adds the network's configuration as cedm.config. */
bool cg_torch_config(cg_torch *t, cg_ref network);

/* Adds whatever the file's value holds: a snapshot's network, or one alone, a
 * state dict, an object of TorchScript, a single tensor or list of numbers. */
bool cg_torch_root(cg_torch *t, cg_ref root);

#endif
